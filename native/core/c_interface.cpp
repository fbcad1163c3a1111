// foreword.h over the core's classes: handles, and exceptions as text.
#include "../foreword.h"

#include "../mutex.hpp"
#include "error.hpp"
#include "mixed_typist.hpp"
#include "model.hpp"
#include "model_reader.hpp"
#include "unicode.hpp"
#if !defined(__wasm__)
#include "files.hpp"
#endif

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

using foreword::core::NextWordModel;

struct foreword_model {
    std::shared_ptr<NextWordModel> shared;
    // Made for the first typist: it takes memory that whoever only advances states does not need.
    mutable foreword::Mutex lock;
    mutable std::shared_ptr<const foreword::core::ModelReader> reader;
};

struct foreword_state {
    std::shared_ptr<const NextWordModel> model;
    foreword::core::State value;
};

struct foreword_typist {
    std::unique_ptr<foreword::core::Suggester> suggester;
    foreword::core::Typist *alone;  // the suggester, if it has one model
    foreword::core::Choice choice;
    std::vector<std::string> shown;  // the words and texts of the last suggestions
    std::vector<foreword_letter> letters;  // the last ones
    foreword::core::WordTrace traced;      // the last one, and where the parts of its layers are
    std::vector<foreword_layer> layers;
};

namespace {

const foreword::core::Layout& layout_of(foreword_layout layout) {
    switch (layout) {
        case FOREWORD_QWERTY: return foreword::core::qwerty();
        case FOREWORD_QWERTZ: return foreword::core::qwertz();
        case FOREWORD_AZERTY: return foreword::core::azerty();
    }
    foreword::core::throw_error("there is no layout of keys with the number " + std::to_string((int)layout));
}

foreword::core::Ending ending_of(foreword_ending ending) {
    switch (ending) {
        case FOREWORD_EITHER: return foreword::core::Ending::EITHER;
        case FOREWORD_UNFINISHED: return foreword::core::Ending::UNFINISHED;
        case FOREWORD_WHOLE: return foreword::core::Ending::WHOLE;
    }
    foreword::core::throw_error("there is no ending of a text with the number " + std::to_string((int)ending));
}

// The bytes behind the first `count` characters of a text.
std::size_t bytes_after(std::string_view text, std::size_t count) {
    std::size_t at = 0;
    while (count-- > 0) foreword::core::next_decoded(text, at);
    return text.size() - at;
}

[[maybe_unused]] void tell(char** error, const char* message) {
    if (!error) return;
    const std::size_t bytes = std::strlen(message) + 1;
    *error = static_cast<char*>(std::malloc(bytes));
    if (*error) std::memcpy(*error, message, bytes);
}

// What `work` returns, or `failed` with the error's text.
template <class Result, class Work>
Result guarded(char** error, Result failed, Work&& work) noexcept {
    if (error) *error = nullptr;
#if defined(__cpp_exceptions)
    try {
        return work();
    } catch (const std::bad_alloc&) {
        tell(error, "there is not enough memory");
    } catch (const std::exception& thrown) {
        tell(error, thrown.what());
    }
    return failed;
#else
    (void)failed;
    return work();  // throw_exception does not come back here
#endif
}

foreword_model* loaded(std::unique_ptr<foreword::core::Folder> folder) {
    return new foreword_model{std::make_shared<NextWordModel>(std::move(folder)), {}, nullptr};
}

foreword::core::Typist typist_of(const foreword_model* model, const foreword_typist_options& chosen) {
    {
        const foreword::Lock lock(model->lock);
        if (!model->reader) {
            model->reader = foreword::core::reader_of(model->shared);
            model->shared->drop_word_files();
#if !defined(__wasm__)
            foreword::core::give_back_memory(model->shared->folder());
#endif
        }
    }
    const std::vector<std::string> blocked(chosen.blocked, chosen.blocked + chosen.blocked_count);
    foreword::core::Filter filter(!chosen.offensive, blocked, model->reader->lexicon().letter_case());
    return {model->reader, {std::move(filter), chosen.tolerant != 0, &layout_of(chosen.layout)}};
}

foreword::core::Choice choice_of(const foreword_typist_options& chosen) {
    return chosen.phrases != 0 ? foreword::core::Choice::PHRASES : foreword::core::Choice::WORDS;
}

// The typist of one model, which alone has letters and a network to look into.
foreword::core::Typist& alone(foreword_typist* typist) {
    if (!typist->alone) foreword::core::throw_error("a typist of several models only suggests words; ask one of one model");
    return *typist->alone;
}

}  // namespace

extern "C" {

const char* foreword_version(void) { return FOREWORD_VERSION; }

void foreword_error_free(char* error) { std::free(error); }

#if !defined(__wasm__)
foreword_model* foreword_model_load(const char* folder, char** error) {
    return guarded<foreword_model*>(error, nullptr, [&] {
        foreword_model* const model = loaded(foreword::core::read_folder(folder));
        foreword::core::give_back_memory(model->shared->folder());
        return model;
    });
}
#endif

foreword_model* foreword_model_from_files(const foreword_file* files, size_t count, char** error) {
    return guarded<foreword_model*>(error, nullptr, [&] {
        std::vector<foreword::core::File> taken;
        for (std::size_t k = 0; k < count; ++k) {
            taken.push_back({files[k].name, {static_cast<const char*>(files[k].data), files[k].size}, nullptr});
        }
        return loaded(std::make_unique<foreword::core::Folder>(std::move(taken), ""));
    });
}

void foreword_model_free(foreword_model* model) { delete model; }

uint32_t foreword_model_words(const foreword_model* model) { return (uint32_t)model->shared->vocabulary().size(); }

const char* foreword_model_word(const foreword_model* model, uint32_t id) {
    const auto& vocabulary = model->shared->vocabulary();
    return id < vocabulary.size() ? vocabulary[id].data() : nullptr;
}

uint32_t foreword_model_id(const foreword_model* model, const char* word) {
    return model->shared->vocabulary().id(word).value_or(FOREWORD_UNK);
}

size_t foreword_model_layers(const foreword_model* model) { return model->shared->layers(); }

size_t foreword_model_hidden_size(const foreword_model* model) { return model->shared->hidden_size(); }

const char* foreword_model_gates(const foreword_model* model) { return model->shared->gates().data(); }

foreword_state* foreword_state_new(const foreword_model* model, char** error) {
    return guarded<foreword_state*>(error, nullptr,
                                    [&] { return new foreword_state{model->shared, model->shared->start()}; });
}

foreword_state* foreword_state_copy(const foreword_state* state, char** error) {
    return guarded<foreword_state*>(error, nullptr, [&] { return new foreword_state(*state); });
}

void foreword_state_free(foreword_state* state) { delete state; }

int foreword_state_advance(foreword_state* state, uint32_t word, char** error) {
    return guarded(error, FOREWORD_FAILED, [&] {
        state->model->advance(state->value, word);
        return FOREWORD_OK;
    });
}

int foreword_state_read(foreword_state* state, const char* text, char** error) {
    return guarded(error, FOREWORD_FAILED, [&] {
        state->model->read_text(state->value, text);
        return FOREWORD_OK;
    });
}

int foreword_state_best(const foreword_state* state, size_t k, const uint32_t* hidden, size_t hidden_count,
                        foreword_candidate* candidates, size_t* found, char** error) {
    *found = 0;
    return guarded(error, FOREWORD_FAILED, [&] {
        std::vector<std::int64_t> left_out;
        if (hidden) left_out.assign(hidden, hidden + hidden_count);
        const int most = (int)std::min<std::size_t>(k, INT_MAX);
        const auto best = state->model->best(state->value, most, left_out);
        for (const foreword::Found& one : best) {
            candidates[(*found)++] = {(std::uint32_t)one.id, one.probability};
        }
        return FOREWORD_OK;
    });
}

int foreword_state_probabilities(const foreword_state* state, float* probabilities, char** error) {
    return guarded(error, FOREWORD_FAILED, [&] {
        state->model->probabilities(state->value, probabilities);
        return FOREWORD_OK;
    });
}

size_t foreword_state_size(const foreword_model* model) { return model->shared->state_bytes(); }

int foreword_state_to_bytes(const foreword_state* state, void* bytes, char** error) {
    return guarded(error, FOREWORD_FAILED, [&] {
        state->model->write(state->value, bytes);
        return FOREWORD_OK;
    });
}

foreword_state* foreword_state_from_bytes(const foreword_model* model, const void* bytes, size_t size,
                                          char** error) {
    return guarded<foreword_state*>(error, nullptr, [&] {
        return new foreword_state{model->shared, model->shared->read(bytes, size)};
    });
}

foreword_typist* foreword_typist_new(const foreword_model* model, const foreword_typist_options* options,
                                     char** error) {
    return guarded<foreword_typist*>(error, nullptr, [&] {
        const foreword_typist_options chosen = options ? *options : foreword_typist_options{};
        auto typist = std::make_unique<foreword::core::Typist>(typist_of(model, chosen));
        foreword::core::Typist* const alone = typist.get();
        return new foreword_typist{std::move(typist), alone, choice_of(chosen), {}, {}, {}, {}};
    });
}

foreword_typist* foreword_typist_new_mixed(const foreword_model* const* models, size_t count,
                                           const foreword_typist_options* options, char** error) {
    return guarded<foreword_typist*>(error, nullptr, [&] {
        const foreword_typist_options chosen = options ? *options : foreword_typist_options{};
        std::vector<foreword::core::Typist> typists;
        for (size_t k = 0; k < count; ++k) typists.push_back(typist_of(models[k], chosen));
        auto mixed = std::make_unique<foreword::core::MixedTypist>(std::move(typists));
        return new foreword_typist{std::move(mixed), nullptr, choice_of(chosen), {}, {}, {}, {}};
    });
}

void foreword_typist_free(foreword_typist* typist) { delete typist; }

int foreword_typist_suggest(foreword_typist* typist, const char* text, size_t k, foreword_suggestion* suggestions,
                            size_t* found, char** error) {
    *found = 0;
    return guarded(error, FOREWORD_FAILED, [&] {
        const std::string_view part = foreword::core::end_to_read(text);
        const std::u32string read = foreword::core::decoded(part);
        const std::vector<foreword::core::Suggestion> offered = *typist->suggester->suggest(
            read, k, foreword::core::Ending::EITHER, typist->choice, foreword::core::ALL);
        typist->shown.clear();
        typist->shown.reserve(2 * offered.size());  // so that what suggestions point to stays where it is
        for (const foreword::core::Suggestion& one : offered) {
            const std::string& word = typist->shown.emplace_back(foreword::core::encoded(one.word));
            const std::string& written = typist->shown.emplace_back(foreword::core::encoded(one.text));
            const std::size_t replaces = one.replaces > 0 ? bytes_after(part, read.size() - one.replaces) : 0;
            suggestions[(*found)++] = {word.c_str(), one.probability, written.c_str(), replaces};
        }
        return FOREWORD_OK;
    });
}

int foreword_typist_letters(foreword_typist* typist, const char* text, int ignore_case,
                            const foreword_letter** letters, size_t* count, double* end_of_word, char** error) {
    *letters = nullptr, *count = 0;
    if (end_of_word) *end_of_word = 0.0;
    return guarded(error, FOREWORD_FAILED, [&] {
        const std::u32string read = foreword::core::decoded(foreword::core::end_to_read(text));
        const foreword::core::Letters found = *alone(typist).letters(read, ignore_case != 0);
        typist->letters.clear();
        for (const foreword::core::Letter& one : found.next) {
            typist->letters.push_back({(std::uint32_t)one.character, one.probability});
        }
        *letters = typist->letters.data(), *count = typist->letters.size();
        if (end_of_word) *end_of_word = found.end_of_word;
        return FOREWORD_OK;
    });
}

int foreword_typist_trace(foreword_typist* typist, const char* text, foreword_ending ending, const char** word,
                          const foreword_layer** layers, char** error) {
    *word = nullptr, *layers = nullptr;
    return guarded(error, FOREWORD_FAILED, [&] {
        const std::u32string read = foreword::core::decoded(foreword::core::end_to_read(text));
        typist->traced = alone(typist).trace(read, ending_of(ending));
        const foreword::core::Engine& engine = alone(typist).reader().engine();
        const std::size_t count = engine.layers(), size = engine.hidden_size();
        const float* const h = typist->traced.trace.after.parts.data();
        const float* const c = engine.has_memory() ? h + count * size : nullptr;
        const std::vector<float>& gates = typist->traced.trace.gates;
        typist->layers.clear();
        for (std::size_t layer = 0; layer < count; ++layer) {
            const float* const own = gates.empty() ? nullptr : gates.data() + layer * engine.gates().size() * size;
            typist->layers.push_back({h + layer * size, c ? c + layer * size : nullptr, own});
        }
        *word = typist->traced.word.c_str(), *layers = typist->layers.data();
        return FOREWORD_OK;
    });
}

}  // extern "C"
