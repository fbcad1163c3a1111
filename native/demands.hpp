// The continuations of the hypotheses of one sentence: beam search's choice, with or without
// required terms.
//
// The rules for the next sub-word are an automaton that is made in `foreword.translator.automaton`;
// the choice among the allowed ones is that of `foreword.translator.search`. Knows ids and scores,
// nothing of networks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace foreword {

// A continuation of one of a sentence's hypotheses.
struct Continuation {
    double total;
    int parent;
    std::int64_t id;
    float log;
};

// Those that end the sentence, and those that continue: one for each beam, with a total of minus
// infinity if there are fewer.
struct Continued {
    std::vector<Continuation> ending, going;
};

// The choice of free hypotheses among the best continuations, twice as many as there are beams, the best first.
Continued chosen(std::vector<Continuation> best, int beams, std::int64_t end);

// The sub-words that may follow the hypotheses in one state of an automaton.
struct Rules {
    std::vector<std::uint8_t> allowed;  // (V): whether each sub-word may come
    std::vector<std::int64_t> next;     // those that begin or go on with what is missing
    int held;                           // how many sub-words of required terms there are
    int needed;                         // with at most so many left besides the end, only `next` may come
    bool are_met;                       // whether nothing is limited any more
};

// The rules of a translation. Its states are made when they are first reached; 0 is the first.
class Automaton {
  public:
    // The number of the state after a state and a sub-word. A new one gets the next number, and its
    // rules are added.
    using Walk = std::function<int(int state, std::int64_t id, std::vector<Rules>& rules)>;

    Automaton(bool has_terms, Rules first, Walk walk)
        : has_terms_(has_terms), rules_{std::move(first)}, walk_(std::move(walk)) {}

    bool has_terms() const { return has_terms_; }
    const Rules& of(int state) const { return rules_[(std::size_t)state]; }
    int after(int state, std::int64_t id) {
        const auto [at, is_new] = walked_.try_emplace({state, id}, 0);
        if (is_new) at->second = walk_(state, id, rules_);
        return at->second;
    }

  private:
    bool has_terms_;
    std::vector<Rules> rules_;
    std::map<std::pair<int, std::int64_t>, int> walked_;
    Walk walk_;
};

// The K hypotheses of a sentence.
struct Hypotheses {
    int K;
    std::int64_t V;
    const float* logs;     // (K, V): of all sub-words
    const double* scores;  // (K)
    const int* states;     // (K): of the automaton
};

// Their continuations that the automaton allows, with `left` sub-words left, including the end.
// Without an automaton, all sub-words except `never` are allowed. Totals are compared in float32,
// as numpy's are.
Continued continued(Automaton* automaton, const Hypotheses& all, std::int64_t remaining, int beams,
                    std::int64_t end, const std::vector<std::int64_t>& never);

}  // namespace foreword
