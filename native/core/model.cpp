#include "model.hpp"

#include "error.hpp"
#include "model_reader.hpp"
#include "sha256.hpp"
#include "unicode.hpp"
#include "word_files.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

namespace foreword::core {

namespace {

constexpr int THREADS = 1;  // a library starts none behind its user's back

Table table_of(const Folder& folder, const std::string& name) {
    const Tensor& tensor = folder.tensor(name);
    Table table;
    table.rows = (int)tensor.shape[0], table.columns = (int)tensor.shape[1];
    table.stride = table.columns, table.room = tensor.room;
    if (tensor.type == Tensor::INT8) {
        table.ints = tensor.ints();
        table.scales = folder.tensor(name + "_scale").floats();
    } else {
        table.floats = tensor.floats();
    }
    return table;
}

// The biases outside of a reset gate, summed; those inside one stay apart.
std::vector<float> summed_biases(const Folder& folder, const std::string& end) {
    const CellInfo& cell = *folder.architecture().cell;
    const Tensor& of_input = folder.tensor("recurrent.bias_ih" + end);
    const float* const back = folder.tensor("recurrent.bias_hh" + end).floats();
    std::vector<float> bias(of_input.floats(), of_input.floats() + of_input.count());
    const std::size_t H = (std::size_t)folder.architecture().hidden_size;
    // A cell whose memory is seen has no weights from it to the third gate, the candidate.
    const std::size_t inside = cell.has_bias_n() ? 2 * H : bias.size();
    for (std::size_t k = 0, from = 0; k < inside; ++k) {
        if (cell.sees_memory() && k >= 2 * H && k < 3 * H) continue;
        bias[k] += back[from++];
    }
    return bias;
}

[[noreturn]] void refuse_state(const std::string& why) {
    throw_error("the state is refused: " + why + ". Begin with a new one");
}

constexpr char MAGIC[] = {'F', 'W', 'S', 'T'};
constexpr std::uint8_t VERSION = 1;
// The magic bytes, the version, the first bytes of the model's checksum, the last word's id.
constexpr std::size_t OF_MODEL = 16, HEAD = sizeof MAGIC + 1 + OF_MODEL + 4, CHECK = 8;

void write_head(std::uint8_t* into, const std::string& checksum, std::uint32_t last) {
    std::memcpy(into, MAGIC, sizeof MAGIC);
    into[sizeof MAGIC] = VERSION;
    std::uint8_t* const model = into + sizeof MAGIC + 1;
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t k = 0; k < OF_MODEL; ++k) {
        model[k] = (std::uint8_t)(digit(checksum[2 * k]) << 4 | digit(checksum[2 * k + 1]));
    }
    for (int k = 0; k < 4; ++k) model[OF_MODEL + (std::size_t)k] = (std::uint8_t)(last >> 8 * k);
}

// A network, and the sums of its biases, which the folder does not have.
struct OwnNetwork {
    std::vector<std::vector<float>> biases;
    std::optional<Network> network;
};

// The network of a folder, which must outlive it.
std::shared_ptr<const Network> network_of(const Folder& folder) {
    const Architecture& a = folder.architecture();
    const auto own = std::make_shared<OwnNetwork>();
    Model model{a.cell, table_of(folder, "embedding.weight"), {}, {}, {}, a.clip};
    for (int layer = 0; layer < a.layers; ++layer) {
        const std::string end = "_l" + std::to_string(layer);
        Layer made{table_of(folder, "recurrent.weight_ih" + end), table_of(folder, "recurrent.weight_hh" + end)};
        made.weight_ih.bias = own->biases.emplace_back(summed_biases(folder, end)).data();
        if (a.cell->has_bias_n()) made.bias_n = folder.tensor("recurrent.bias_hh" + end).floats() + 2 * a.hidden_size;
        if (a.cell->has_peepholes()) made.peepholes = folder.tensor("recurrent.weight_peephole" + end).floats();
        model.layers.push_back(made);
    }
    if (a.has_projection()) {
        model.projection = table_of(folder, "projection.weight");
        model.projection.bias = folder.tensor("projection.bias").floats();
    }
    model.output = table_of(folder, a.is_tied ? "embedding.weight" : "decoder.weight");
    model.output.bias = folder.tensor("decoder.bias").floats();
    own->network.emplace(best_kernels(), std::move(model));
    return {own, &*own->network};
}

// The n-grams of a folder, which must outlive them; null if there are none.
std::shared_ptr<const Ngrams> ngrams_of(const Folder& folder) {
    if (!folder.ngrams()) return nullptr;
    return std::make_shared<const Ngrams>(folder.ngrams()->tensors(), folder.path(NGRAMS));
}

}  // namespace

NextWordModel::NextWordModel(std::unique_ptr<Folder> folder)
    : Engine(network_of(*folder), folder->architecture().skips, THREADS, ngrams_of(*folder)),
      folder_(std::move(folder)) {}

const Tokenizer& NextWordModel::tokenizer() const {
    const Lock lock(making_tokenizer_);
    if (tokenizer_) return *tokenizer_;
    const TokenizerSettings& settings = folder_->tokenizer();
    TokenizerSpec spec;
    spec.words = folder_->vocabulary();
    spec.only_spaces = settings.words == "spaces";
    spec.folds_case = settings.case_ == "fold";
    spec.lines = settings.lines == "wrapped"     ? TokenizerSpec::WRAPPED
                 : settings.lines == "paragraph" ? TokenizerSpec::PARAGRAPH
                                                 : TokenizerSpec::SENTENCE;
    spec.has_segmenter = settings.segmenter != "none";
    spec.language = settings.language;
    spec.new_words = settings.new_words;
    tokenizer_ = std::make_unique<Tokenizer>(std::move(spec));
    return *tokenizer_;
}

void NextWordModel::read_text(State& state, std::string_view text) const {
    const std::vector<Word> words = tokenizer().read(decoded(text), state.last);
    for (const Word& word : words) advance(state, (std::uint32_t)word.id);
}

std::size_t NextWordModel::state_bytes() const {
    return HEAD + floats() * sizeof(float) + window() * sizeof(std::int64_t) + CHECK;
}

void NextWordModel::write(const State& state, void* into) const {
    std::uint8_t* const bytes = static_cast<std::uint8_t*>(into);
    const std::size_t body = state_bytes() - CHECK;
    write_head(bytes, folder_->checksum(), state.last);
    std::memcpy(bytes + HEAD, state.parts.data(), floats() * sizeof(float));
    std::uint8_t* const words = bytes + HEAD + floats() * sizeof(float);
    for (std::size_t k = 0; k < state.words.size(); ++k) {
        const std::int64_t word = state.words[k];
        std::memcpy(words + k * sizeof word, &word, sizeof word);
    }
    Sha256 sum;
    sum.add(bytes, body);
    std::memcpy(bytes + body, sum.digest().data(), CHECK);
}

State NextWordModel::read(const void* data, std::size_t size) const {
    constexpr float SLACK = 1e-5f;  // how far rounding may take |h| beyond 1
    const std::uint8_t* const bytes = static_cast<const std::uint8_t*>(data);
    if (size < HEAD || std::memcmp(bytes, MAGIC, sizeof MAGIC) != 0) {
        refuse_state("they are not the bytes of a state");
    }
    if (bytes[sizeof MAGIC] != VERSION) {
        refuse_state("it has version " + std::to_string(bytes[sizeof MAGIC]) + "; this Foreword reads version " +
                     std::to_string(VERSION));
    }
    State state = zeros();
    state.last = 0;
    for (std::size_t k = 0; k < 4; ++k) state.last |= (std::uint32_t)bytes[HEAD - 4 + k] << 8 * k;
    std::uint8_t head[HEAD];
    write_head(head, folder_->checksum(), state.last);
    if (std::memcmp(bytes, head, HEAD) != 0) {
        refuse_state("it is of another model, or of this one before it was trained further");
    }
    if (size != state_bytes()) {
        refuse_state("it has " + std::to_string(size) + " bytes where this model's states have " +
                     std::to_string(state_bytes()));
    }
    Sha256 sum;
    sum.add(bytes, size - CHECK);
    if (std::memcmp(bytes + size - CHECK, sum.digest().data(), CHECK) != 0) {
        refuse_state("it has been damaged or changed: its checksum differs");
    }
    if (state.last >= vocabulary().size()) {
        refuse_state("its last word has the id " + std::to_string(state.last) + ", but there are " +
                     std::to_string(vocabulary().size()));
    }
    std::memcpy(state.parts.data(), bytes + HEAD, floats() * sizeof(float));
    const std::uint8_t* const words = bytes + HEAD + floats() * sizeof(float);
    for (std::size_t k = 0; k < state.words.size(); ++k) {
        std::int64_t word;
        std::memcpy(&word, words + k * sizeof word, sizeof word);
        if (word < 0 || word >= (std::int64_t)vocabulary().size()) {
            refuse_state("it holds ids of words out of range, 0 to " + std::to_string(vocabulary().size() - 1));
        }
        state.words[k] = (std::uint32_t)word;
    }
    const auto is_finite = [](float value) { return std::isfinite(value); };
    if (!std::all_of(state.parts.begin(), state.parts.end(), is_finite)) refuse_state("it holds NaN or infinity");
    const bool is_bounded = folder_->architecture().cell->is_bounded();
    for (std::size_t k = 0; is_bounded && k < part_size(); ++k) {
        if (std::fabs(state.parts[k]) > 1 + SLACK) {
            refuse_state("its |h| reaches " + std::to_string(std::fabs(state.parts[k])) + ", but it is at most 1");
        }
    }
    return state;
}

std::shared_ptr<const ModelReader> reader_of(const std::shared_ptr<const NextWordModel>& model) {
    const std::shared_ptr<const Tokenizer> tokenizer(model, &model->tokenizer());
    const Folder& folder = model->folder();
    return std::make_shared<const ModelReader>(model, tokenizer, read_word_files(folder), [&] { return read_rare(folder); });
}

}  // namespace foreword::core
