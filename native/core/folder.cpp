#include "folder.hpp"

#include "../instruction_sets.hpp"
#include "beside.hpp"
#include "error.hpp"
#include "json.hpp"
#include "sha256.hpp"
#include "utf8.hpp"
#include "visible.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

namespace foreword::core {

namespace {

constexpr std::int64_t NEWEST = 6;  // format version; that of translation models
constexpr std::int64_t TRANSLATION = 6;

[[noreturn]] void refuse(const std::string& file, const std::string& why) { throw_error(file + why + RESTORE); }

[[noreturn]] void refuse_value(const std::string& file, const std::string& why) {
    refuse(file, " is not a configuration that can be used: " + why);
}

[[noreturn]] void only_python(const std::string& file, const std::string& what) {
    throw_error(file + " describes " + what + ", which Foreword for Python runs, but this library does not");
}

// A string or a name anywhere in a document that cannot be shown.
bool all_plain(const Value& value) {
    if (!is_plain(value.name) || (value.is(Value::STRING) && !is_plain(value.text))) return false;
    return std::all_of(value.items.begin(), value.items.end(), all_plain);
}

// Takes a member out of an object.
std::optional<Value> taken(Value& object, std::string_view name) {
    const auto found = std::find_if(object.items.begin(), object.items.end(),
                                    [&](const Value& item) { return item.name == name; });
    if (found == object.items.end()) return std::nullopt;
    Value value = std::move(*found);
    object.items.erase(found);
    return value;
}

bool is_text(const Value* value, std::string_view text) {
    return value && value->is(Value::STRING) && value->text == text;
}

// Looks up members of an object, and refuses members that were not looked up.
class Members {
  public:
    Members(const Value& object, std::string where, const std::string& file)
        : object_(object), where_(std::move(where)), file_(file) {
        if (!object.is(Value::OBJECT)) refuse_value(file, where_ + " is no object");
    }

    const Value* find(std::string_view name) {
        asked_.push_back(name);
        return object_.find(name);
    }

    std::string text(std::string_view name, const std::string& usual,
                     const std::vector<std::string_view>& choices) {
        const Value* const value = find(name);
        if (!value) return usual;
        const bool is_known = value->is(Value::STRING) &&
                              std::find(choices.begin(), choices.end(), value->text) != choices.end();
        if (!is_known) {
            std::string known;
            for (const std::string_view choice : choices) (known += known.empty() ? "" : ", ") += choice;
            refuse_value(file_, key(name) + " must be one of " + known);
        }
        return std::string(value->text);
    }

    int whole(std::string_view name, std::optional<int> usual, int least, int most) {
        const Value* const value = find(name);
        if (!value && usual) return *usual;
        const auto number = value ? value->whole() : std::nullopt;
        if (!number || *number < least || *number > most) {
            refuse_value(file_, key(name) + " must be a whole number from " + std::to_string(least) + " to " +
                                    std::to_string(most));
        }
        return (int)*number;
    }

    bool claim(std::string_view name, bool usual) {
        const Value* const value = find(name);
        if (value && !value->is(Value::BOOLEAN)) refuse_value(file_, key(name) + " must be true or false");
        return value ? value->is_true() : usual;
    }

    void refuse_others() const {
        for (const Value& item : object_.items) {
            if (std::find(asked_.begin(), asked_.end(), item.name) == asked_.end()) {
                refuse_value(file_, where_ + " has the unknown key " + std::string(item.name.substr(0, 100)));
            }
        }
    }

    std::string key(std::string_view name) const { return where_ + "." + std::string(name); }

  private:
    const Value& object_;
    std::string where_;
    const std::string& file_;
    std::vector<std::string_view> asked_;
};

const CellInfo* cell_named(std::string_view name) {
    const CellInfo* cell;
    for (int k = 0; (cell = best_kernels().cell(k)); ++k) {
        if (name == cell->name) return cell;
    }
    return nullptr;
}

// The name of a cell with its options among the kernels.
std::string name_of_cell(const std::string& name, bool is_relu, bool resets_after) {
    if (name == "rnn" && is_relu) return "rnn-relu";
    if (name == "gru" && !resets_after) return "gru-reset-before";
    return name;
}

struct Expected {
    Tensor::Type type;
    std::vector<std::int64_t> shape;
};

std::map<std::string, Expected> expected_tensors(const Architecture& a) {
    std::map<std::string, Expected> expected;
    const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, bool is_quantisable) {
        const bool is_int8 = a.is_int8 && is_quantisable;
        if (is_int8) expected[name + "_scale"] = {Tensor::FLOAT32, {shape[0]}};
        expected[name] = {is_int8 ? Tensor::INT8 : Tensor::FLOAT32, std::move(shape)};
    };
    const CellInfo& cell = *a.cell;
    const std::int64_t V = a.words, E = a.embedding_size, H = a.hidden_size;
    add("embedding.weight", {V, E}, true);
    for (int layer = 0; layer < a.layers; ++layer) {
        const std::string end = "_l" + std::to_string(layer);
        add("recurrent.weight_ih" + end, {cell.gates * H, layer == 0 ? E : H}, true);
        add("recurrent.weight_hh" + end, {cell.seeing * H, H}, true);
        add("recurrent.bias_ih" + end, {cell.gates * H}, false);
        add("recurrent.bias_hh" + end, {cell.seeing * H}, false);
        if (cell.has_peepholes()) add("recurrent.weight_peephole" + end, {3, H}, false);
    }
    if (a.has_projection()) add("projection.weight", {E, H}, true), add("projection.bias", {E}, false);
    if (!a.is_tied) add("decoder.weight", {V, H}, true);
    add("decoder.bias", {V}, false);
    return expected;
}

}  // namespace

const Kernels& best_kernels() {
    static const Kernels& best = *runnable().front();
    return best;
}

std::size_t largest_size(std::string_view name) {
    constexpr std::size_t MEGABYTE = std::size_t(1) << 20;
    if (name == WEIGHTS || name == NGRAMS) return sizeof(std::size_t) > 4 ? std::size_t(65536) * MEGABYTE : SIZE_MAX;
    if (name == TOKENIZER) return 1024 * MEGABYTE;
    return name == SPACING ? MEGABYTE : 16 * MEGABYTE;
}

Folder::Folder(std::vector<File> files, const std::string& where) : files_(std::move(files)), where_(where) {
    for (const File& one : files_) {
        if (one.content.size() > largest_size(one.name)) refuse(path(one.name), " is larger than any of its kind");
    }
    read_config(file(CONFIG));
    const std::string tokenizer_file = path(TOKENIZER), weights_file = path(WEIGHTS);
    const std::string_view vocabulary = file(TOKENIZER).content;
    auto checksum = beside([&, weights = file(WEIGHTS).content] {
        weights_.emplace(weights, weights_file);
        return weights_->checksum();
    });
    const std::string vocabulary_checksum = sha256(vocabulary);
    const auto is_unchanged = [&](std::string_view name, const std::string& sum) {
        return std::find(checksums_.begin(), checksums_.end(), std::pair(std::string(name), sum)) !=
               checksums_.end();
    };
    if (!is_unchanged(TOKENIZER, vocabulary_checksum)) {
        refuse(tokenizer_file, " has been changed since it was written");
    }
    vocabulary_ = read_vocabulary(vocabulary, tokenizer_, (std::size_t)architecture_.words, tokenizer_file);
    drop(TOKENIZER);
    if ((int)vocabulary_->size() != architecture_.words) {
        refuse(tokenizer_file, " has " + std::to_string(vocabulary_->size()) + " words, but " + CONFIG +
                                   " says " + std::to_string(architecture_.words));
    }
    const auto of_ngrams = std::find_if(checksums_.begin(), checksums_.end(),
                                        [](const auto& one) { return one.first == NGRAMS; });
    if (of_ngrams != checksums_.end()) {
        ngrams_.emplace(file(NGRAMS).content, path(NGRAMS));
        if (ngrams_->checksum() != of_ngrams->second) refuse(path(NGRAMS), " has been changed since it was written");
        const std::string* const counted = ngrams_->metadata(TOKENIZER);
        if (!counted || *counted != vocabulary_checksum) {
            refuse(path(NGRAMS), std::string(" was counted with another vocabulary than ") + TOKENIZER + " holds");
        }
    }
    for (const char* const name : {RARE, SPACING, MISSPELLINGS}) {
        const auto content = text(name);
        if (!content) continue;
        if (!is_unchanged(name, sha256(*content))) refuse(path(name), " has been changed since it was written");
        if (valid_utf8(*content) != content->size()) refuse(path(name), " is damaged: it is not UTF-8");
    }
    check_weights(weights_file, checksum.get(), vocabulary_checksum);
}

std::string Folder::path(std::string_view name) const {
    return where_.empty() ? std::string(name) : where_ + "/" + std::string(name);
}

// Frees the content of a file that has been read.
void Folder::drop(std::string_view name) {
    for (File& one : files_) {
        if (one.name == name) one.content = {}, one.kept.reset();
    }
}

void Folder::drop_word_files() {
    for (const char* const name : {RARE, SPACING, MISSPELLINGS}) drop(name);
}

const File& Folder::file(std::string_view name) const {
    const auto found =
        std::find_if(files_.begin(), files_.end(), [&](const File& one) { return one.name == name; });
    if (found == files_.end()) refuse(path(name), " is missing");
    return *found;
}

std::optional<std::string_view> Folder::text(std::string_view name) const {
    const bool has = std::any_of(checksums_.begin(), checksums_.end(),
                                 [&](const auto& one) { return one.first == name; });
    if (!has || name == TOKENIZER) return std::nullopt;
    return file(name).content;
}

void Folder::read_config(const File& config) {
    const std::string name = path(CONFIG);
    const Json json(config.content, name);
    Value document = json.root();
    if (!document.is(Value::OBJECT)) refuse(name, " is not a model's configuration");
    const Value* const version_value = document.find("format_version");
    const std::int64_t version = version_value ? version_value->whole().value_or(0) : 0;
    if (version > NEWEST) {
        throw_error(name + " has format version " + std::to_string(version) + "; this Foreword reads up to " +
                    std::to_string(NEWEST) + ". It was made by a newer Foreword: use a newer library");
    }
    if (!all_plain(document)) refuse(name, std::string(" holds ") + UNSAFE);
    Value checksums = taken(document, "checksums").value_or(Value{});
    if (!checksums.is(Value::OBJECT)) checksums = Value{Value::OBJECT, {}, {}, {}};
    const std::optional<Value> own = taken(checksums, CONFIG);
    std::string canonical = "[";
    append_canonical(canonical, document), canonical += ", ", append_canonical(canonical, checksums);
    if (!own || !is_text(&*own, sha256(canonical + "]"))) refuse(name, " has been changed since it was written");
    if (version == TRANSLATION) only_python(name, "a translation model");
    for (const Value& one : checksums.items) {
        if (one.is(Value::STRING)) checksums_.emplace_back(one.name, one.text);
    }

    if (!is_text(document.find("format"), "foreword")) refuse_value(name, "format must be foreword");
    const Value *const model = document.find("model"), *const tokenizer = document.find("tokenizer");
    if (!model || !tokenizer) refuse_value(name, "it has no model, or no tokenizer");
    if (const Value* const weights = document.find("weights")) {
        architecture_.is_int8 = is_text(weights, "int8");
        if (!architecture_.is_int8 && !is_text(weights, "float32")) {
            refuse_value(name, "weights must be one of float32, int8");
        }
    }
    read_tokenizer(*tokenizer, name);
    read_architecture(*model, name);
    const bool has_options = architecture_.skips || architecture_.clip != 0.0f;
    const TokenizerSettings& t = tokenizer_;
    const bool is_fifth = t.lines != "sentence" || t.segmenter != "none" || !t.language.empty() || t.new_words;
    const std::int64_t expected = is_fifth ? 5 : has_options ? 4 : architecture_.is_int8 ? 2 : 1;
    if (version != expected) refuse_value(name, "format_version must be " + std::to_string(expected));
}

void Folder::read_tokenizer(const Value& settings, const std::string& file) {
    Members members(settings, "tokenizer", file);
    TokenizerSettings& t = tokenizer_;
    t.words = members.text("words", t.words, {"unicode", "spaces"});
    t.case_ = members.text("case", t.case_, {"keep", "fold"});
    t.lines = members.text("lines", t.lines, {"sentence", "paragraph", "wrapped"});
    t.segmenter = members.text("segmenter", t.segmenter, {"none", "icu"});
    if (t.words == "spaces" && (t.lines != "sentence" || t.segmenter != "none")) {
        refuse_value(file, "text that is cut already (tokenizer.words is spaces) has no segmenter, and its "
                           "lines are sentences");
    }
    if (const Value* const language = members.find("language")) {
        if (!language->is(Value::STRING) || !is_language(language->text)) {
            refuse_value(file, "tokenizer.language must be a code such as tr, de or pt-BR (BCP 47)");
        }
        t.language = language->text;
    }
    t.new_words = members.claim("new_words", t.new_words);
    members.refuse_others();
}

void Folder::read_architecture(const Value& model, const std::string& file) {
    constexpr int LARGEST_SIZE = 1 << 24, MOST_INT8_COLUMNS = 1 << 16;
    const Value* const name = model.find("name");
    if (!name || !name->is(Value::STRING)) refuse_value(file, "model.name is missing");
    Architecture& a = architecture_;
    a.name = name->text;
    if (a.name == "rnn-relu" || a.name == "gru-reset-before" || !cell_named(a.name)) {
        only_python(file, "a model of the kind " + a.name.substr(0, 100));
    }
    Members members(model, "model", file);
    members.find("name");
    a.words = members.whole("vocab_size", std::nullopt, 1, LARGEST_SIZE);
    a.embedding_size = members.whole("embedding_size", std::nullopt, 1, LARGEST_SIZE);
    a.hidden_size = members.whole("hidden_size", std::nullopt, 1, LARGEST_SIZE);
    a.layers = members.whole("num_layers", 1, 1, 64);
    if (members.whole("context_words", 1, 1, 1024) != 1) {
        refuse_value(file, "model.context_words must be 1, for a recurrent model sees one word at a time");
    }
    const bool is_relu = members.text("nonlinearity", "tanh", {"tanh", "relu"}) == "relu";
    const bool resets_after = members.claim("reset_after", true);
    a.cell = cell_named(name_of_cell(a.name, is_relu, resets_after));
    a.is_tied = members.claim("tied", true);
    a.skips = members.claim("skip", false);
    if (a.skips && a.layers < 2) refuse_value(file, "model.skip needs num_layers of 2 or more");
    if (const Value* const clip = members.find("cell_clip")) {
        constexpr double LARGEST_CLIP = 1e6;
        const auto number = clip->number();
        const bool can = a.name == "lstm" || a.name == "lstm-peephole" || a.name == "lstm-peephole-only";
        if (!number || !(*number >= 0 && *number <= (can ? LARGEST_CLIP : 0.0))) {
            refuse_value(file, can ? "model.cell_clip must be a number from 0 to 1,000,000"
                                   : "model.cell_clip is for lstm, lstm-peephole and lstm-peephole-only");
        }
        a.clip = (float)*number;
    }
    if (members.whole("softmaxes", 1, 1, 64) != 1) only_python(file, "a mixture of softmaxes");
    if (members.whole("mogrifier_rounds", 0, 0, 16) != 0) only_python(file, "a Mogrifier LSTM");
    if (members.whole("mogrifier_rank", 0, 0, LARGEST_SIZE) != 0) {
        refuse_value(file, "model.mogrifier_rank has no meaning without mogrifier_rounds");
    }
    const int clusters = members.whole("adaptive_clusters", 0, 0, 8);
    if ((members.whole("adaptive_head", 0, 0, LARGEST_SIZE) == 0) != (clusters == 0)) {
        refuse_value(file, "model.adaptive_clusters and model.adaptive_head are both 0, or neither is");
    }
    if (clusters != 0) only_python(file, "an adaptive softmax");
    if (const Value* const options = members.find("cell_options"); options && !options->items.empty()) {
        only_python(file, "a cell with options of its own");
    }
    members.refuse_others();
    if (std::max(a.hidden_size, a.embedding_size) > MOST_INT8_COLUMNS) {
        only_python(file, "layers of more than " + std::to_string(MOST_INT8_COLUMNS) + " units");
    }
}

void Folder::check_weights(const std::string& file, const std::string& checksum,
                           const std::string& vocabulary_checksum) const {
    const auto expected = expected_tensors(architecture_);
    const auto& tensors = weights_->tensors();
    for (const auto& [name, wanted] : expected) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) refuse(file, " lacks " + name);
        Tensor described;
        described.type = wanted.type, described.shape = wanted.shape;
        if (found->second.shape != wanted.shape) {
            refuse(file, ": " + name + " has the shape " + found->second.shape_text() + ", but " + CONFIG +
                             " makes it " + described.shape_text());
        }
        if (found->second.type != wanted.type) {
            refuse(file, ": " + name + " is " + found->second.type_name() + ", not " + described.type_name());
        }
    }
    for (const auto& [name, tensor] : tensors) {
        if (!expected.count(name)) refuse(file, " has the unknown tensor " + name.substr(0, 100));
    }
    const auto has = [&](const std::string& name, const std::string& text) {
        const std::string* const found = weights_->metadata(name);
        return found && *found == text;
    };
    if (!has("model", architecture_.name)) {
        refuse(file, std::string(" holds weights of another model than ") + CONFIG + " describes");
    }
    if (!has(Safetensors::CHECKSUM, checksum)) {
        refuse(file, " has been changed or damaged: its checksum differs");
    }
    if (!has(TOKENIZER, vocabulary_checksum)) {
        refuse(file, std::string(" was trained with another vocabulary than ") + TOKENIZER + " holds");
    }
    for (const auto& [name, tensor] : tensors) {
        if (tensor.type != Tensor::FLOAT32) continue;
        const float* const values = tensor.floats();
        if (!std::all_of(values, values + tensor.count(), [](float value) { return std::isfinite(value); })) {
            refuse(file, ": " + name + " holds NaN or infinity");
        }
    }
}

}  // namespace foreword::core
