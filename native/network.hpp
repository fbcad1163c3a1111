// A whole next-word model at inference: a state is advanced by a word, and the next word scored.
//
// Knows ids and memory, nothing of Python. Everything but the lazy packing is constant, so that any
// threads may use one network. Its results depend neither on the rest of a batch nor on the number
// of threads.
#pragma once

#include "kernels.hpp"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace foreword {

// One layer's weights. Biases outside of a reset gate belong to weight_ih.
struct Layer {
    Table weight_ih, weight_hh;
    const float* bias_n = nullptr;     // (H): b_hn of a GRU that resets after the product
    const float* peepholes = nullptr;  // (3, H), or null
};

// The weights, whose memory must outlive the network.
struct Model {
    const CellInfo* cell;
    Table embedding;  // (V, E)
    std::vector<Layer> layers;
    Table projection;  // (E, H) from the last layer to what the output sees; no rows: none
    Table output;      // (V, E) or (V, H)
    float clip = 0.0f;  // as of Forward
};

// The advance of a state by a word. h, and of an LSTM c: (layers, H).
struct Advance {
    std::int64_t word;
    const float *h, *c;
    float *h_after, *c_after;
};

// Which words are scored: `count` ids, or all of them if null.
struct Choice {
    const std::int64_t* ids;
    std::int64_t count;
};

struct Found {
    std::int64_t id;
    float score;
    double probability;
};

// A user whose next word is requested, and the result.
struct Asked {
    const float* h;  // as `Network::best` takes it
    Choice choice;
    std::vector<Found> found;
    bool is_finite;
};

// A table whose rows may be read a little further, with its rows' sums if they are needed: the given one if its rows
// begin where products read them quickly and something readable follows the last one, otherwise a copy.
class KeptTable {
  public:
    KeptTable(const Kernels& kernels, Table table);
    const Table& table() const { return table_; }

  private:
    Table table_;
    std::unique_ptr<std::uint8_t[]> rows_;
    std::vector<std::int32_t> sums_;
};

// Vectors by a table's rows: (count, columns) to (count, rows), with the table's biases added.
void multiply(const Kernels& kernels, const Table& table, const float* vectors, int count,
              float* into, int threads);

// The rows of a table that have the largest products with a vector, with their probabilities by a
// softmax.
struct Likeliest {
    std::int64_t* ids;      // (k), the likeliest first
    float* logs;            // (k): ln of their probabilities; minus infinity where there are fewer
    float* log_of_another;  // ln of the probability of a row that is asked for besides
};

// Of `count` vectors, the k likeliest of the chosen rows without hidden ones, and `another`, which is
// among them. Ids of chosen rows rise. The softmax is that of the chosen rows. Returns whether all
// scores are finite.
bool likeliest_rows(const Kernels& kernels, const Table& table, const Choice& choice,
                    const float* vectors, int count, int k, const std::vector<std::int64_t>& hidden,
                    std::int64_t another, const Likeliest& into, int threads);

// The rows that may follow in a text of sub-words: those after which a word is complete, and those
// that continue it.
struct Parts {
    const std::int64_t *over, *inside;
    std::int64_t over_count, inside_count;
};

// Further results for the next rows of some vectors, besides `log_probabilities`.
struct Following {
    float* logs;          // (count, rows)
    float* log_of_over;   // (count): of all that are over together
    std::int64_t* going;  // (count, k): the likeliest inside, in any order
};

// Returns whether all scores are finite.
bool following_rows(const Kernels& kernels, const Table& table, const float* vectors, int count, int k,
                    const Parts& parts, const Following& into, int threads);

// Of `count` vectors, ln of each row's probability, (count, rows). Returns whether all are finite.
bool log_probabilities(const Kernels& kernels, const Table& table, const float* vectors, int count,
                       float* into, int threads);

// The products of words for the gates of a layer, (V, width), each computed when first needed.
// Several threads may use it.
class KeptGates {
  public:
    KeptGates(std::int64_t words, std::size_t width)
        : width_(width), states_(new std::atomic<char>[(std::size_t)words]()),
          memory_(new float[(std::size_t)words * width]) {}

    // A word's gates; null if they have not been computed.
    const float* of(std::int64_t word) const {
        const bool is_there = states_[(std::size_t)word].load(std::memory_order_acquire) == THERE;
        return is_there ? memory_.get() + (std::size_t)word * width_ : nullptr;
    }
    void keep(std::int64_t word, const float* gates) {
        char expected = NOT_THERE;
        std::atomic<char>& state = states_[(std::size_t)word];
        if (!state.compare_exchange_strong(expected, COMING)) return;
        std::memcpy(memory_.get() + (std::size_t)word * width_, gates, width_ * sizeof(float));
        state.store(THERE, std::memory_order_release);
    }

  private:
    enum : char { NOT_THERE, COMING, THERE };
    std::size_t width_;
    std::unique_ptr<std::atomic<char>[]> states_;
    std::unique_ptr<float[]> memory_;  // the system gives it page by page, as it is written
};

class Network {
  public:
    Network(const Kernels& kernels, Model model);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    int layers() const { return (int)model_.layers.size(); }
    int hidden_size() const { return model_.layers.front().weight_hh.columns; }
    std::int64_t words() const { return model_.output.rows; }
    bool has_memory() const { return model_.cell->has_memory(); }
    const CellInfo& cell() const { return *model_.cell; }
    // Multiplications of one step.
    double step_work() const;

    void advance(const Advance* steps, int count, int threads) const;

    // One step, and the gates of each layer in it: (layers, n, H).
    void trace(const Advance& step, float* gates) const { advance_some(&step, 1, gates); }

    // T steps of one layer for a batch of sequences, from inputs x (rows, inputs), one step after the other.
    // `begins` (T + 1): each step's first row, where sequences end before others, the longest first; null if
    // all have all steps. h, and of an LSTM c: (batch + rows, H), the states before the first step, and room
    // for those after each.
    void steps(int layer, int T, int batch, const std::int64_t* begins, const float* x, float* h, float* c,
               int threads) const;

    // From now on, `read` remembers the products of words for the gates of the first layer. So
    // small batches need no product by weight_ih, which is too large for the caches.
    void remember_words();
    // One step of the first layer for a batch of words; h and c as of `steps`.
    void read(const std::int64_t* words, int batch, float* h, float* c, int threads) const;

    // The scores of words as the next, (count), for a state's h, (layers, H).
    void scores(const float* h, const Choice& choice, float* into, int threads) const;

    // The k likeliest of the words without hidden ones, by falling probability and then rising id.
    // The hidden ones still count in the probabilities. Returns whether there are probabilities,
    // which is false if a score overflowed.
    bool best(const float* h, const Choice& choice, const std::vector<std::int64_t>& hidden, int k,
              int threads, std::vector<Found>& found) const;

    // The same by scores that are given.
    bool best_of_scores(const float* scores, const Choice& choice, const std::vector<std::int64_t>& hidden, int k,
                        std::vector<Found>& found) const;

    // The same as `best` for many, bit for bit.
    void best_many(Asked* asked, int count, const std::vector<std::int64_t>& hidden, int k,
                   int threads) const;

  private:
    struct Packing;

    Table kept(Table table);
    void pack(int layer, bool is_wide, float* memory) const;
    const float* packed(int layer, int batch) const;
    Sizes sizes(int T, int batch, const std::int64_t* begins = nullptr) const {
        return {T, batch, hidden_size(), begins, nullptr, 0};
    }
    void run(int layer, const Sizes& sizes, const float* x, float* h, float* c, float* gates, float* inner,
             const struct Packed& packed, int threads, float* tanh_c = nullptr) const;
    void advance_some(const Advance* steps, int count, float* kept = nullptr) const;
    std::size_t operand_floats() const;
    float operand(const float* h, float* memory) const;
    void best_of_all(Asked* const* asked, int users, const std::vector<std::int64_t>& hidden,
                     int k) const;

    const Kernels& kernels_;
    Model model_;
    int format_;
    std::vector<std::unique_ptr<KeptTable>> tables_;
    std::unique_ptr<Packing[]> packings_;
    std::unique_ptr<KeptGates> kept_gates_;
};

}  // namespace foreword
