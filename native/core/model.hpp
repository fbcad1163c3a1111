// A next-word model from its folder, and states that words advance.
#pragma once

#include "../mutex.hpp"
#include "engine.hpp"
#include "folder.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

class ModelReader;

// Several threads may use it at once.
class NextWordModel : public Engine {
  public:
    explicit NextWordModel(std::unique_ptr<Folder> folder);

    const Folder& folder() const { return *folder_; }
    const Vocabulary& vocabulary() const { return *folder_->vocabulary(); }
    // Throws Error: words are cut by a segmenter.
    const Tokenizer& tokenizer() const;

    // Reads a text that continues after the state: its words, and its line ends. Throws Error, and
    // leaves the state unchanged: words are separated by a segmenter, or lines are wrapped.
    void read_text(State& state, std::string_view text) const;

    // The bytes of every state of this model; those that `foreword.predictor.state_bytes` writes in Python.
    std::size_t state_bytes() const;
    void write(const State& state, void* into) const;
    // Throws Error: the bytes are no state, damaged, of another model, or out of range.
    State read(const void* data, std::size_t size) const;

    // Frees the content of the files that `reader_of` reads.
    void drop_word_files() { folder_->drop_word_files(); }

  private:
    std::unique_ptr<Folder> folder_;
    // Made for the first text, since it takes memory that is not needed to work with ids.
    mutable Mutex making_tokenizer_;
    mutable std::unique_ptr<Tokenizer> tokenizer_;
};

// What reads text with the model. Throws Error: the model's words are cut by a segmenter or its lines are wrapped; or
// rare.txt, spacing.json or misspellings.json holds something else than it should.
std::shared_ptr<const ModelReader> reader_of(const std::shared_ptr<const NextWordModel>& model);

}  // namespace foreword::core
