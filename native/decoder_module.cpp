#include "decoder_module.hpp"

#include "decoder.hpp"
#include "network_arguments.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>

namespace foreword {

namespace {

// The rules of a state of an automaton in Python; see `foreword.translator.automaton.Rules`.
Rules rules_of(const nb::handle& automaton, int state, std::int64_t V) {
    const auto found = nb::cast<nb::tuple>(automaton.attr("rules")(state));
    must(found.size() == 5, "rules have five parts");
    const Buffer allowed(found[0], "?", 1, PyBUF_SIMPLE);
    must(allowed.count() == (std::size_t)V, "rules are wanted for each id");
    const std::uint8_t* const first = allowed.as<const std::uint8_t>();
    Rules rules{{first, first + V}, nb::cast<std::vector<std::int64_t>>(found[1]), nb::cast<int>(found[2]),
                nb::cast<int>(found[3]), nb::cast<bool>(found[4])};
    for (const std::int64_t id : rules.next) must(id >= 0 && id < V, "there is no such id");
    return rules;
}

// An automaton of Python's, which must outlive this one.
Automaton automaton_of(const nb::handle& automaton, std::int64_t V) {
    const auto walk = [automaton, V](int state, std::int64_t id, std::vector<Rules>& rules) {
        const nb::gil_scoped_acquire acquire;
        const int after = nb::cast<int>(automaton.attr("after")(state, id));
        must(after >= 0 && after <= (int)rules.size(), "a new state has the next number");
        if (after == (int)rules.size()) rules.push_back(rules_of(automaton, after, V));
        return after;
    };
    return Automaton(nb::cast<bool>(automaton.attr("has_terms")), rules_of(automaton, 0, V), walk);
}

class PyDecoder {
  public:
    PyDecoder(const Kernels& kernels, const std::string& cell, Matrix embedding, std::vector<Weights> layers,
              std::optional<Matrix> query, std::optional<Row> energy, Matrix combine, Matrix output, int heads,
              bool feeds, float clip)
        : embedding_(std::move(embedding)), layers_(std::move(layers)), query_(std::move(query)),
          energy_(std::move(energy)), combine_(std::move(combine)), output_(std::move(output)) {
        must(!layers_.empty(), "a layer is wanted");
        const int H = layers_.front().back.table.columns, E = embedding_.table.columns;
        DecoderModel model{cell_of(kernels, cell), embedding_.table, {}, {}, nullptr, combine_.table,
                           output_.table, heads, feeds, clip};
        must(heads > 0 && H % heads == 0, "the heads must share the units");
        if (query_) {
            must(query_->table.columns == H && query_->table.rows == H, "the query has another shape");
            model.query = query_->table;
            must(!energy_ || energy_->shape(0) == (std::size_t)H, "the energy has another shape");
            if (energy_) model.energy = energy_->data();
        }
        const int looked = query_ ? H : 0;
        for (const Weights& layer : layers_) {
            const Table &into = layer.into.table, &from = layer.back.table;
            const std::size_t place = model.layers.size();
            const int inputs = place == 0 ? E + (feeds ? E : 0) : place == 1 ? H + looked : H;
            must_fit(layer, *model.cell, inputs, H);
            model.layers.push_back({into, from, layer.bias_n ? layer.bias_n->data() : nullptr,
                                    layer.peepholes ? layer.peepholes->data() : nullptr});
        }
        must(combine_.table.columns == H + looked && combine_.table.rows == E, "combine has another shape");
        must(output_.table.rows == embedding_.table.rows && output_.table.columns == E,
             "the output has another shape");
        decoder_.emplace(kernels, std::move(model));
    }

    // One step of N decoders; those of a sentence are adjacent. States have all layers, (L, N, H)
    // each, and with input feeding (1, N, E); attention is (N, heads, S).
    void step(const nb::handle& ids, const nb::tuple& memory, const nb::tuple& before, const nb::tuple& after,
              const nb::handle& features, const nb::handle& attention, int threads) const {
        const Buffer which(ids, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
        const Given given(*this, memory);
        const std::size_t N = which.count(), B = (std::size_t)given.sentences.B;
        must(N > 0 && N % B == 0, "as many decoders of each sentence are wanted");
        Decoders all = begun(before, (int)N, given.sentences.S);
        std::memcpy(all.ids.data(), which.as<void>(), N * sizeof(std::int64_t));
        for (std::size_t row = 0; row < N; ++row) {
            must(all.ids[row] >= 0 && all.ids[row] < decoder_->model().embedding.rows, "there is no such id");
            all.sentences[row] = (int)(row / (N / B));
        }
        {
            const nb::gil_scoped_release release;
            decoder_->step(given.sentences, all, threads);
        }
        const std::size_t size = N * (std::size_t)decoder_->hidden_size();
        each_state(after, (int)N, PyBUF_WRITABLE, [&](float* of_layer, std::vector<float>& state) {
            std::memcpy(of_layer, state.data() + size, size * sizeof(float));
        }, all);
        const auto give = [](const nb::handle& array, const std::vector<float>& from) {
            const Buffer into(array, "f", sizeof(float), PyBUF_WRITABLE);
            must(into.count() == from.size(), "what comes out has another shape");
            std::memcpy(into.as<void>(), from.data(), from.size() * sizeof(float));
        };
        give(features, all.features);
        if (decoder_->looks()) give(attention, all.shares);
    }

    // See `Decoder::search`: of each sentence a list of (ids, float64 logs, score, float32 attention),
    // the arrays as bytes. None if scores overflow.
    nb::object search(const nb::tuple& memory, const nb::tuple& states, const nb::handle& longest, int beams,
                      int n, double alpha, std::int64_t start, std::int64_t end,
                      const std::vector<std::int64_t>& never, const nb::list& words, const nb::list& demands,
                      int threads) const {
        const Given given(*this, memory);
        const Buffer most(longest, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
        const std::int64_t V = decoder_->model().embedding.rows;
        must(most.count() == (std::size_t)given.sentences.B, "a length for each sentence is wanted");
        for (std::size_t b = 0; b < most.count(); ++b) {
            must(most.as<const std::int64_t>()[b] > 1, "a translation has room for a sub-word and the end");
        }
        must(beams > 0 && beams <= V && n > 0 && start >= 0 && start < V && end >= 0 && end < V,
             "beams and ends are wanted");
        must(words.size() == 0 || words.size() == most.count(), "words for each sentence are wanted");
        must(demands.size() == 0 || (demands.size() == most.count() && words.size() == 0),
             "demands for each sentence are wanted, which then has all words");
        std::vector<Buffer> of_sentences;
        std::vector<Choice> choices;
        for (const nb::handle each : words) {
            const Buffer& ids = of_sentences.emplace_back(each, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
            const std::int64_t *const first = ids.as<const std::int64_t>(), *const last = first + ids.count();
            must(std::is_sorted(first, last) && std::binary_search(first, last, end) && *first >= 0 && last[-1] < V,
                 "ids of words rise, and the end is among them");
            choices.push_back({first, (std::int64_t)ids.count()});
        }
        std::vector<Automaton> automata;
        for (const nb::handle each : demands) automata.push_back(automaton_of(each, V));
        std::vector<Automaton*> of_automata;
        for (Automaton& each : automata) of_automata.push_back(&each);
        Decoders all = begun(states, given.sentences.B, given.sentences.S);
        std::vector<std::vector<Finished>> found;
        {
            const nb::gil_scoped_release release;
            const Wanted wanted{beams,   n,          alpha, start, end, never, most.as<const std::int64_t>(),
                                choices, of_automata};
            found = decoder_->search(given.sentences, std::move(all), wanted, threads);
        }
        if (found.empty()) return nb::none();
        nb::list sentences;
        for (const std::vector<Finished>& of_sentence : found) {
            nb::list listed;
            for (const Finished& one : of_sentence) {
                nb::list ids;
                for (const std::int64_t id : one.ids) ids.append(id);
                listed.append(nb::make_tuple(
                    nb::tuple(ids), nb::bytes((const char*)one.logs.data(), one.logs.size() * sizeof(double)),
                    one.score,
                    nb::bytes((const char*)one.attention.data(), one.attention.size() * sizeof(float))));
            }
            sentences.append(listed);
        }
        return nb::object(sentences);
    }

  private:
    // A memory, (keys, values, lengths), for one call.
    struct Given {
        Given(const PyDecoder& of, const nb::tuple& memory)
            : keys(part(memory, 0), "f", sizeof(float), PyBUF_SIMPLE),
              values(part(memory, 1), "f", sizeof(float), PyBUF_SIMPLE),
              lengths(part(memory, 2), "lq", sizeof(std::int64_t), PyBUF_SIMPLE) {
            const std::size_t B = lengths.count(), H = (std::size_t)of.decoder_->hidden_size();
            must(B > 0 && keys.count() == values.count() && keys.count() % (B * H) == 0,
                 "the memory has another shape");
            const std::size_t S = keys.count() / (B * H);
            for (std::size_t b = 0; b < B; ++b) {
                const std::int64_t length = lengths.as<const std::int64_t>()[b];
                must(length > 0 && length <= (std::int64_t)S, "a length is out of range");
            }
            sentences = {keys.as<const float>(), values.as<const float>(), lengths.as<const std::int64_t>(),
                         (int)B, (int)S};
        }
        // nanobind does not check the length of a tuple.
        static nb::handle part(const nb::tuple& memory, std::size_t index) {
            must(memory.size() == 3, "a memory has keys, values and lengths");
            return memory[index];
        }
        Buffer keys, values, lengths;
        Sentences sentences;
    };

    template <class Work>
    void each_state(const nb::tuple& states, int N, int flags, Work&& work, Decoders& all) const {
        const std::size_t size = (std::size_t)N * (std::size_t)decoder_->hidden_size(), L = layers_.size();
        const std::size_t parts = decoder_->model().cell->has_memory() ? 2 : 1;
        must(states.size() >= parts, "a state has h, or h and c");
        for (std::size_t part = 0; part < parts; ++part) {
            const Buffer array(states[part], "f", sizeof(float), flags);
            must(array.count() == L * size, "the state has another shape");
            auto& of_layers = part == 0 ? all.h : all.c;
            for (std::size_t layer = 0; layer < L; ++layer) {
                work(array.as<float>() + layer * size, of_layers[layer]);
            }
        }
    }

    Decoders begun(const nb::tuple& states, int N, int S) const {
        Decoders all;
        decoder_->resize(all, N, S);
        const std::size_t size = (std::size_t)N * (std::size_t)decoder_->hidden_size();
        each_state(states, N, PyBUF_SIMPLE, [&](const float* of_layer, std::vector<float>& state) {
            std::memcpy(state.data(), of_layer, size * sizeof(float));
        }, all);
        if (decoder_->model().feeds) {
            const Buffer fed(states[states.size() - 1], "f", sizeof(float), PyBUF_SIMPLE);
            must(fed.count() == all.fed.size(), "what is fed has another shape");
            std::memcpy(all.fed.data(), fed.as<void>(), all.fed.size() * sizeof(float));
        }
        return all;
    }

    Matrix embedding_;
    std::vector<Weights> layers_;
    std::optional<Matrix> query_;
    std::optional<Row> energy_;
    Matrix combine_, output_;
    std::optional<Decoder> decoder_;
};

const Kernels* (*kernels_in_use)() = nullptr;

}  // namespace

void bind_decoder(nb::module_& m, const Kernels* (*chosen)()) {
    kernels_in_use = chosen;
    const auto none = nb::none();
    nb::class_<PyDecoder>(m, "Decoder", "The decoder of a translation model at inference.")
        .def(
            "__init__",
            [](PyDecoder* self, const std::string& cell, Matrix embedding, std::vector<Weights> layers,
               std::optional<Matrix> query, std::optional<Row> energy, Matrix combine, Matrix output,
               int heads, bool feeds, float clip) {
                new (self) PyDecoder(*kernels_in_use(), cell, std::move(embedding), std::move(layers),
                                     std::move(query), std::move(energy), std::move(combine),
                                     std::move(output), heads, feeds, clip);
            },
            nb::arg("cell"), nb::arg("embedding"), nb::arg("layers"), nb::arg("query").none(),
            nb::arg("energy").none(), nb::arg("combine"), nb::arg("output"), nb::arg("heads"),
            nb::arg("feeds"), nb::arg("clip"))
        .def("step", &PyDecoder::step, nb::arg("ids"), nb::arg("memory"), nb::arg("before"), nb::arg("after"),
             nb::arg("features"), nb::arg("attention").none(), nb::arg("threads"))
        .def("search", &PyDecoder::search, nb::arg("memory"), nb::arg("states"), nb::arg("longest"),
             nb::arg("beams"), nb::arg("n"), nb::arg("alpha"), nb::arg("start"), nb::arg("end"),
             nb::arg("never"), nb::arg("words"), nb::arg("demands"), nb::arg("threads"));
}

}  // namespace foreword
