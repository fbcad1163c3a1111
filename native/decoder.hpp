// The decoder of a translation model at inference: a step of many hypotheses, and a whole search.
//
// The equations are those of `foreword.translator.numpy_network`, the search is that of
// `foreword.translator.search`. Knows ids and memory, nothing of Python or of words.
#pragma once

#include "demands.hpp"
#include "network.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace foreword {

// The weights, whose memory must outlive the decoder.
struct DecoderModel {
    const CellInfo* cell;
    Table embedding;            // (V, E)
    std::vector<Layer> layers;  // the lower one first
    Table query;                // (H, H); no rows: without attention
    const float* energy;        // as of Look
    Table combine;              // (E, H), or (E, 2 H) with attention
    Table output;               // (V, E)
    int heads = 1;
    bool feeds = false;  // the last features are a part of the next input
    float clip = 0.0f;   // as of Forward
};

// Encoded sentences of up to S sub-words; see `Memory` in Python.
struct Sentences {
    const float *keys, *values;   // (B, heads, S, size)
    const std::int64_t* lengths;  // (B)
    int B, S;
};

// N decoders. A step reads their values before it, and writes those after it.
struct Decoders {
    int N = 0;
    std::vector<std::vector<float>> h, c;  // of each layer (2, N, H): before, and after
    std::vector<float> fed, features;      // (N, E): before, and after
    std::vector<float> shares;             // (N, heads, S)
    std::vector<std::int64_t> ids;         // (N): what they read
    std::vector<int> sentences;            // (N): whose they are
    std::vector<float> x, queries, seen;   // within a step
};

struct Wanted {
    int beams, n;
    double alpha;
    std::int64_t start, end;
    std::vector<std::int64_t> never;
    const std::int64_t* longest;  // (B): the most sub-words of each, the end included
    std::vector<Choice> words;    // (B): which may be written, the end among them; none: any
    std::vector<Automaton*> demands;  // (B): what each must contain; none: of no sentence anything
};

struct Finished {
    std::vector<std::int64_t> ids;
    std::vector<double> logs;      // of each, and of the end
    double score;
    std::vector<float> attention;  // (ids and the end, the sentence's length), or empty
};

class Decoder {
  public:
    Decoder(const Kernels& kernels, DecoderModel model);
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    const DecoderModel& model() const { return model_; }
    int hidden_size() const { return model_.layers.front().weight_hh.columns; }
    bool looks() const { return model_.query.rows > 0; }
    double step_work() const;

    void resize(Decoders& all, int N, int S) const;
    void step(const Sentences& sentences, Decoders& all, int threads) const;

    // The n best translations of each sentence; nothing if scores overflow. `all` has one decoder
    // for each sentence, as before the first step.
    std::vector<std::vector<Finished>> search(const Sentences& sentences, Decoders all,
                                              const Wanted& wanted, int threads) const;

  private:
    Table kept(Table table);
    void copy(const Decoders& from, int row, Decoders& to, int place) const;

    const Kernels& kernels_;
    DecoderModel model_;
    std::vector<std::unique_ptr<KeptTable>> tables_;
    std::vector<std::vector<float>> zeros_;  // words of the layers, whose inputs are vectors
    std::vector<std::unique_ptr<Network>> layers_;
};

}  // namespace foreword
