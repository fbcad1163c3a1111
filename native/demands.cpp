#include "demands.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace foreword {

namespace {

// The scores of a sentence's continuations: minus infinity if one is not allowed.
class Totals {
  public:
    Totals(Automaton* automaton, const Hypotheses& all, std::int64_t remaining, std::int64_t end,
           const std::vector<std::int64_t>& never)
        : automaton_(automaton), all_(all), must_end_(remaining == 1), remaining_(remaining), end_(end) {
        if (automaton) return;
        free_.assign((std::size_t)all.V, 1);
        for (const std::int64_t id : never) free_[(std::size_t)id] = 0;
    }

    float log(int k, std::int64_t id) const { return all_.logs[k * all_.V + id]; }
    float of(int k, std::int64_t id) const {
        return may_come(k, id) ? log(k, id) + (float)all_.scores[k] : -INFINITY;
    }
    // Calls work(id, total) for every allowed sub-word, by rising ids.
    template <class Work>
    void each(int k, Work&& work) const {
        const float *const logs = all_.logs + k * all_.V, score = (float)all_.scores[k];
        if (must_end_) {
            if (of(k, end_) > -INFINITY) work(end_, of(k, end_));
        } else if (is_urgent(k)) {
            std::vector<std::int64_t> next = automaton_->of(all_.states[k]).next;
            std::sort(next.begin(), next.end());
            next.erase(std::unique(next.begin(), next.end()), next.end());
            for (const std::int64_t id : next) {
                if (of(k, id) > -INFINITY) work(id, of(k, id));
            }
        } else {
            const std::uint8_t* const allowed = allowed_of(k);
            for (std::int64_t id = 0; id < all_.V; ++id) {
                const float total = logs[id] + score;
                if (allowed[id] && total > -INFINITY) work(id, total);
            }
        }
    }

  private:
    const std::uint8_t* allowed_of(int k) const {
        return automaton_ ? automaton_->of(all_.states[k]).allowed.data() : free_.data();
    }
    bool is_urgent(int k) const {
        if (!automaton_) return false;
        const Rules& rules = automaton_->of(all_.states[k]);
        return rules.needed > 0 && remaining_ - 1 <= rules.needed;
    }
    bool may_come(int k, std::int64_t id) const {
        if (!allowed_of(k)[id] || (must_end_ && id != end_)) return false;
        if (!is_urgent(k)) return true;
        const std::vector<std::int64_t>& next = automaton_->of(all_.states[k]).next;
        return std::find(next.begin(), next.end(), id) != next.end();
    }

    Automaton* const automaton_;
    const Hypotheses& all_;
    const bool must_end_;
    const std::int64_t remaining_, end_;
    std::vector<std::uint8_t> free_;
};

// The `count` best; equal ones by rising hypotheses and ids.
std::vector<Continuation> best_of(const Totals& totals, int K, std::size_t count) {
    std::vector<Continuation> best;
    for (int k = 0; k < K; ++k) {
        totals.each(k, [&](std::int64_t id, float total) {
            if (best.size() == count && !(total > best.back().total)) return;
            if (best.size() == count) best.pop_back();
            const auto at = std::upper_bound(best.begin(), best.end(), total,
                                             [](float a, const Continuation& b) { return a > b.total; });
            best.insert(at, {total, k, id, totals.log(k, id)});
        });
    }
    best.resize(count, {-INFINITY, 0, 0, 0.0f});
    return best;
}

// A continuation, and how many sub-words of the required terms it contains.
struct Candidate {
    int held;
    Continuation of;
};

// One for each beam, divided equally among those that contain more and fewer terms: dynamic beam
// allocation (Post & Vilar 2018).
std::vector<Continuation> shared(std::vector<Candidate> candidates, std::size_t beams) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.of.total < b.of.total; });
    std::map<int, std::vector<Continuation>, std::greater<>> banks;
    for (const Candidate& one : candidates) banks[one.held].push_back(one.of);
    std::vector<Continuation> found;
    for (bool is_more = true; is_more && found.size() < beams;) {
        is_more = false;
        for (auto& [held, bank] : banks) {
            if (bank.empty() || found.size() == beams) continue;
            found.push_back(bank.back()), bank.pop_back();
            is_more = true;
        }
    }
    return found;
}

// The best continuations of a sentence, each hypothesis's best, and required ones.
std::vector<Candidate> candidates_of(Automaton& automaton, const Totals& totals, const Hypotheses& all,
                                     int beams) {
    std::set<std::pair<int, std::int64_t>> pairs;
    for (const Continuation& one : best_of(totals, all.K, 2 * (std::size_t)beams)) {
        if (one.total > -INFINITY) pairs.insert({one.parent, one.id});
    }
    for (int k = 0; k < all.K; ++k) {
        Continuation best{-INFINITY, k, 0, 0.0f};
        totals.each(k, [&](std::int64_t id, float total) {
            if (total > best.total) best.total = total, best.id = id;
        });
        pairs.insert({k, best.id});
        for (const std::int64_t id : automaton.of(all.states[k]).next) pairs.insert({k, id});
    }
    std::vector<Candidate> candidates;
    for (const auto& [parent, id] : pairs) {
        const float total = totals.of(parent, id);
        if (total == -INFINITY) continue;
        const int state = automaton.after(all.states[parent], id);
        candidates.push_back({automaton.of(state).held, {total, parent, id, totals.log(parent, id)}});
    }
    return candidates;
}

// The best continuation of a single hypothesis; where it would end, a missing term is inserted.
std::vector<Candidate> greedy(Automaton& automaton, const Totals& totals, const Hypotheses& all,
                              std::int64_t end) {
    Continuation best{-INFINITY, 0, 0, 0.0f};
    if (std::max_element(all.logs, all.logs + all.V) - all.logs == end) {
        for (const std::int64_t id : automaton.of(all.states[0]).next) {
            if (totals.of(0, id) > best.total) best.total = totals.of(0, id), best.id = id;
        }
    }
    if (best.total == -INFINITY) {
        totals.each(0, [&](std::int64_t id, float total) {
            if (total > best.total) best.total = total, best.id = id;
        });
    }
    best.log = totals.log(0, best.id);
    if (best.total == -INFINITY) return {};
    return {{0, best}};
}

}  // namespace

Continued chosen(std::vector<Continuation> best, int beams, std::int64_t end) {
    Continued found;
    for (std::size_t k = 0; k < (std::size_t)beams; ++k) {
        if (best[k].id == end && best[k].total > -INFINITY) found.ending.push_back(best[k]);
    }
    std::stable_partition(best.begin(), best.end(), [&](const auto& each) { return each.id != end; });
    best.resize((std::size_t)beams);
    for (Continuation& each : best) {
        if (each.id == end) each.total = -INFINITY;
    }
    found.going = std::move(best);
    return found;
}

Continued continued(Automaton* automaton, const Hypotheses& all, std::int64_t remaining, int beams,
                    std::int64_t end, const std::vector<std::int64_t>& never) {
    const Totals totals(automaton, all, remaining, end, never);
    if (!automaton || !automaton->has_terms()) {
        return chosen(best_of(totals, all.K, 2 * (std::size_t)beams), beams, end);
    }
    const std::vector<Candidate> candidates =
        beams > 1 ? candidates_of(*automaton, totals, all, beams) : greedy(*automaton, totals, all, end);
    Continued found;
    for (const Continuation& one : shared(candidates, (std::size_t)beams)) {
        if (one.id == end) found.ending.push_back(one);
    }
    std::vector<Candidate> going;
    for (const Candidate& one : candidates) {
        if (one.of.id != end) going.push_back(one);
    }
    found.going = shared(std::move(going), (std::size_t)beams);
    found.going.resize((std::size_t)beams, {-INFINITY, 0, 0, 0.0f});
    return found;
}

}  // namespace foreword
