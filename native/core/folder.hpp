// A model folder, read from memory and checked as `foreword.folder.store` in Python checks it.
//
// It holds what prediction needs. Records of training, which nothing here reads, are only covered
// by the configuration's checksum. Knows no files of the system; files.hpp reads those.
#pragma once

#include "../kernels.hpp"
#include "safetensors.hpp"
#include "tokenizer_file.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// One file's name in the folder and its content, whose memory `kept` keeps alive if needed.
struct File {
    std::string name;
    std::string_view content;
    std::shared_ptr<const void> kept;
    bool is_mapped = false;  // the content is the file on the disk, mapped into memory
};

// The names of the files that are read; those after tokenizer.json are read if config.json names them.
constexpr const char *CONFIG = "config.json", *WEIGHTS = "model.safetensors", *TOKENIZER = "tokenizer.json",
                     *RARE = "rare.txt", *SPACING = "spacing.json", *MISSPELLINGS = "misspellings.json",
                     *NGRAMS = "ngrams.safetensors";
constexpr const char* FILES[] = {CONFIG, WEIGHTS, TOKENIZER, RARE, SPACING, MISSPELLINGS, NGRAMS};

// The largest content of the file with this name, in bytes.
std::size_t largest_size(std::string_view name);

// A recurrent network that the kernels run.
struct Architecture {
    std::string name;                // as in config.json
    const CellInfo* cell = nullptr;  // with its options
    int words = 0, embedding_size = 0, hidden_size = 0, layers = 0;
    bool is_tied = true;   // the output's weights are the embedding's
    bool skips = false;    // the output sees the sum of all layers' h
    float clip = 0.0f;     // the largest |c|; 0: any
    bool is_int8 = false;  // matrices are int8 with a scale for each row

    bool has_projection() const { return is_tied && embedding_size != hidden_size; }
};

class Folder {
  public:
    // Throws Error: a file is missing, damaged or changed, was made by a newer Foreword, or
    // describes a model that only Foreword for Python runs. `where` precedes the names of files in
    // messages.
    Folder(std::vector<File> files, const std::string& where);
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const Architecture& architecture() const { return architecture_; }
    const TokenizerSettings& tokenizer() const { return tokenizer_; }
    const SharedVocabulary& vocabulary() const { return vocabulary_; }
    // A tensor of the architecture; all of them exist, with the right types and shapes.
    const Tensor& tensor(const std::string& name) const { return weights_->tensors().at(name); }
    // The SHA-256 of weights and vocabulary, in hexadecimal digits.
    const std::string& checksum() const { return *weights_->metadata(Safetensors::CHECKSUM); }
    // The content of rare.txt, spacing.json or misspellings.json, whose checksum is right; UTF-8. None
    // if the model has no such file.
    std::optional<std::string_view> text(std::string_view name) const;
    // Frees the content of these files, which `text` then finds empty.
    void drop_word_files();
    // The n-grams that are mixed with the network; null if there are none.
    const Safetensors* ngrams() const { return ngrams_ ? &*ngrams_ : nullptr; }
    const std::vector<File>& files() const { return files_; }
    // A file's name as messages give it.
    std::string path(std::string_view name) const;

  private:
    void read_config(const File& file);
    void read_architecture(const Value& model, const std::string& file);
    void read_tokenizer(const Value& settings, const std::string& file);
    void check_weights(const std::string& file, const std::string& checksum,
                       const std::string& vocabulary_checksum) const;
    const File& file(std::string_view name) const;
    void drop(std::string_view name);

    std::vector<File> files_;
    std::string where_;
    Architecture architecture_;
    TokenizerSettings tokenizer_;
    std::vector<std::pair<std::string, std::string>> checksums_;  // of files, by name
    SharedVocabulary vocabulary_;
    std::optional<Safetensors> weights_, ngrams_;
};

// The kernels of the best instruction set that this processor has.
const Kernels& best_kernels();

}  // namespace foreword::core
