#include "network_module.hpp"

#include "thread_pool.hpp"
#include "network_arguments.hpp"
#include "parallel.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace foreword {

namespace {

// A matrix by which vectors are multiplied.
class Product {
  public:
    Product(const Kernels& kernels, Matrix matrix)
        : kernels_(kernels), matrix_(std::move(matrix)), kept_(kernels, matrix_.table) {}

    // x (count, columns) to into (count, rows).
    void multiply(const nb::handle& x, const nb::handle& into, int threads) const {
        const Table& table = kept_.table();
        const Buffer vectors(x, "f", sizeof(float), PyBUF_SIMPLE);
        const Buffer products(into, "f", sizeof(float), PyBUF_WRITABLE);
        const std::size_t count = vectors.count() / (std::size_t)table.columns;
        must(vectors.count() == count * (std::size_t)table.columns, "vectors have other sizes");
        must(products.count() == count * (std::size_t)table.rows, "products have another shape");
        const Unlocked unlocked((double)vectors.count() * table.rows);
        foreword::multiply(kernels_, table, vectors.as<const float>(), (int)count,
                           products.as<float>(), threads);
    }

    // See `log_probabilities`: into (count, rows).
    bool log_probabilities(const nb::handle& x, const nb::handle& into, int threads) const {
        const Table& table = kept_.table();
        const Buffer vectors(x, "f", sizeof(float), PyBUF_SIMPLE);
        const Buffer logs(into, "f", sizeof(float), PyBUF_WRITABLE);
        const std::size_t count = vectors.count() / (std::size_t)table.columns;
        must(vectors.count() == count * (std::size_t)table.columns, "vectors have other sizes");
        must(logs.count() == count * (std::size_t)table.rows, "what comes out has another shape");
        const Unlocked unlocked((double)vectors.count() * table.rows);
        return foreword::log_probabilities(kernels_, table, vectors.as<const float>(), (int)count,
                                           logs.as<float>(), threads);
    }

    // See `likeliest_rows`: ids and logs are (count, k), another's (count). Returns whether all
    // scores are finite.
    bool likeliest(const nb::handle& x, const std::vector<std::int64_t>& hidden, std::int64_t another,
                   const nb::handle& ids, const nb::handle& logs, const nb::handle& log_of_another,
                   int threads) const {
        const Table& table = kept_.table();
        const Buffer vectors(x, "f", sizeof(float), PyBUF_SIMPLE);
        const Buffer which(ids, "lq", sizeof(std::int64_t), PyBUF_WRITABLE);
        const Buffer how(logs, "f", sizeof(float), PyBUF_WRITABLE);
        const Buffer other(log_of_another, "f", sizeof(float), PyBUF_WRITABLE);
        const std::size_t count = other.count();
        must(count > 0 && vectors.count() == count * (std::size_t)table.columns,
             "vectors have other sizes");
        must(which.count() % count == 0 && which.count() == how.count(), "k for each are wanted");
        must(another >= 0 && another < table.rows, "there is no such row");
        const Unlocked unlocked((double)vectors.count() * table.rows);
        return likeliest_rows(kernels_, table, {nullptr, table.rows}, vectors.as<const float>(), (int)count,
                              (int)(which.count() / count), hidden, another,
                              {which.as<std::int64_t>(), how.as<float>(), other.as<float>()}, threads);
    }

    // See `following_rows`; k is that of `going`. Ids of `over` and `inside` are of rows.
    bool following(const nb::handle& x, const nb::handle& over, const nb::handle& inside, const nb::handle& logs,
                   const nb::handle& log_of_over, const nb::handle& going, int threads) const {
        const Table& table = kept_.table();
        const Buffer vectors(x, "f", sizeof(float), PyBUF_SIMPLE);
        const Buffer into(logs, "f", sizeof(float), PyBUF_WRITABLE);
        const Buffer of_over(log_of_over, "f", sizeof(float), PyBUF_WRITABLE);
        const Buffer best(going, "lq", sizeof(std::int64_t), PyBUF_WRITABLE);
        const Buffer these(over, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
        const Buffer those(inside, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
        const std::size_t count = of_over.count();
        must(count > 0 && vectors.count() == count * (std::size_t)table.columns, "vectors have other sizes");
        must(into.count() == count * (std::size_t)table.rows, "what comes out has another shape");
        must(best.count() % count == 0 && best.count() / count <= those.count() && these.count() > 0,
             "k of those inside are wanted, and some that are over");
        for (const Buffer* ids : {&these, &those}) {
            const std::int64_t* const first = ids->as<const std::int64_t>();
            must(std::all_of(first, first + ids->count(),
                             [&](std::int64_t id) { return id >= 0 && id < table.rows; }),
                 "there is no such row");
        }
        const Unlocked unlocked((double)vectors.count() * table.rows);
        return following_rows(kernels_, table, vectors.as<const float>(), (int)count, (int)(best.count() / count),
                              {these.as<const std::int64_t>(), those.as<const std::int64_t>(),
                               (std::int64_t)these.count(), (std::int64_t)those.count()},
                              {into.as<float>(), of_over.as<float>(), best.as<std::int64_t>()}, threads);
    }

  private:
    const Kernels& kernels_;
    Matrix matrix_;
    KeptTable kept_;
};

class PyNetwork {
  public:
    PyNetwork(const Kernels& kernels, const std::string& cell, Matrix embedding,
              std::vector<Weights> layers, std::optional<Matrix> projection, Matrix output, float clip)
        : embedding_(std::move(embedding)), layers_(std::move(layers)),
          projection_(std::move(projection)), output_(std::move(output)) {
        Model model{cell_of(kernels, cell), embedding_.table, {}, {}, output_.table, clip};
        must(!layers_.empty(), "a layer is wanted");
        const int H = layers_.front().back.table.columns;
        int inputs = embedding_.table.columns;
        for (const Weights& layer : layers_) {
            const Table &into = layer.into.table, &from = layer.back.table;
            must_fit(layer, *model.cell, inputs, H);
            model.layers.push_back({into, from, layer.bias_n ? layer.bias_n->data() : nullptr,
                                    layer.peepholes ? layer.peepholes->data() : nullptr});
            inputs = H;
        }
        if (projection_) {
            must(projection_->table.columns == H, "the projection has another shape");
            model.projection = projection_->table;
        }
        must(output_.table.columns == (projection_ ? projection_->table.rows : H),
             "the output has another shape");
        must(output_.table.rows == embedding_.table.rows, "the output has other words");
        size_ = (std::size_t)H * layers_.size();
        network_.emplace(kernels, std::move(model));
    }

    void advance(std::int64_t word, const nb::tuple& before, const nb::tuple& after) const {
        std::vector<Buffer> buffers;
        buffers.reserve(4);
        const Advance step = advance_of(word, before, after, buffers);
        const Unlocked unlocked(network_->step_work());
        network_->advance(&step, 1, 1);
    }

    void advance_many(const nb::handle& words, const nb::list& before, const nb::list& after,
                      int threads) const {
        const Buffer ids(words, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
        const std::size_t count = ids.count();
        must(before.size() == count && after.size() == count, "a state for each word is wanted");
        std::vector<Buffer> buffers;
        buffers.reserve(4 * count);
        std::vector<Advance> steps;
        steps.reserve(count);
        for (std::size_t k = 0; k < count; ++k) {
            steps.push_back(advance_of(ids.as<const std::int64_t>()[k],
                                       nb::cast<nb::tuple>(before[k]),
                                       nb::cast<nb::tuple>(after[k]), buffers));
        }
        const Unlocked unlocked(network_->step_work() * (double)count);
        network_->advance(steps.data(), (int)count, threads);
    }

    // See `Network::steps`; the sizes are those of the arrays. c: None where there is none.
    void steps(const nb::handle& x, const nb::handle& h, const nb::handle& c, const nb::handle& begins,
               int threads) const {
        const Buffer first_rows(begins, "lq", sizeof(std::int64_t), PyBUF_SIMPLE);
        const std::int64_t* const first = first_rows.as<const std::int64_t>();
        const int T = (int)first_rows.count() - 1;
        must(layers_.size() == 1 && T > 0 && first[0] == 0, "a single layer and steps are wanted");
        const std::int64_t batch = first[1], rows = first[T];
        for (int t = 0; t < T; ++t) {
            const std::int64_t count = first[t + 1] - first[t];
            must(count > 0 && count <= first[t == 0 ? 1 : t] - first[t == 0 ? 0 : t - 1],
                 "sequences must end one after the other, the longest first");
        }
        const Buffer inputs(x, "f", sizeof(float), PyBUF_SIMPLE);
        must(inputs.count() == (std::size_t)rows * (std::size_t)layers_.front().into.table.columns,
             "the inputs have another shape");
        const Buffer hidden(h, "f", sizeof(float), PyBUF_WRITABLE);
        std::optional<Buffer> memory;
        if (network_->has_memory()) memory.emplace(c, "f", sizeof(float), PyBUF_WRITABLE);
        const std::size_t states = (std::size_t)(batch + rows) * size_;
        must(hidden.count() == states && (!memory || memory->count() == states),
             "a state before, and one after each step, are wanted");
        const Unlocked unlocked(network_->step_work() * (double)rows);
        network_->steps(0, T, (int)batch, rows == T * batch ? nullptr : first, inputs.as<const float>(),
                        hidden.as<float>(), memory ? memory->as<float>() : nullptr, threads);
    }

    void scores(const nb::handle& h, const nb::handle& ids, const nb::handle& into,
                int threads) const {
        const Buffer state = state_of(h, PyBUF_SIMPLE);
        const std::optional<Buffer> chosen = ids_of(ids);
        const Buffer found(into, "f", sizeof(float), PyBUF_WRITABLE);
        const Choice choice = choice_of(chosen);
        must(found.count() == (std::size_t)choice.count, "a place for each score is wanted");
        const Unlocked unlocked((double)choice.count * output_.table.columns);
        network_->scores(state.as<const float>(), choice, found.as<float>(), threads);
    }

    // A list of (id, probability); None if scores overflow.
    nb::object best(const nb::handle& h, int k, const nb::handle& ids,
                    const std::vector<std::int64_t>& hidden, int threads) const {
        const Buffer state = state_of(h, PyBUF_SIMPLE);
        const std::optional<Buffer> chosen = ids_of(ids);
        const Choice choice = choice_of(chosen);
        std::vector<Found> found;
        bool is_finite;
        {
            const Unlocked unlocked((double)choice.count * output_.table.columns);
            is_finite = network_->best(state.as<const float>(), choice, hidden, k, threads, found);
        }
        return is_finite ? nb::object(listed(found)) : nb::none();
    }

    // The same by scores that are given.
    nb::object best_of_scores(const nb::handle& scores, int k, const nb::handle& ids,
                              const std::vector<std::int64_t>& hidden) const {
        const Buffer given(scores, "f", sizeof(float), PyBUF_SIMPLE);
        const std::optional<Buffer> chosen = ids_of(ids);
        const Choice choice = choice_of(chosen);
        must(given.count() == (std::size_t)choice.count, "a score for each word is wanted");
        std::vector<Found> found;
        const bool is_finite = network_->best_of_scores(given.as<const float>(), choice, hidden, k, found);
        return is_finite ? nb::object(listed(found)) : nb::none();
    }

    // The same as `best` for many states, each with ids of its own.
    nb::object best_many(const nb::list& hs, int k, const nb::list& ids,
                         const std::vector<std::int64_t>& hidden, int threads) const {
        const std::size_t count = hs.size();
        must(ids.size() == count, "ids, or None, for each state are wanted");
        std::vector<Buffer> states;
        std::vector<std::optional<Buffer>> chosen;
        states.reserve(count), chosen.reserve(count);
        double work = 0.0;
        for (std::size_t u = 0; u < count; ++u) {
            states.push_back(state_of(hs[u], PyBUF_SIMPLE));
            chosen.push_back(ids_of(ids[u]));
            work += (double)choice_of(chosen.back()).count * output_.table.columns;
        }
        std::vector<Asked> asked;
        asked.reserve(count);
        for (std::size_t u = 0; u < count; ++u) {
            asked.push_back({states[u].as<const float>(), choice_of(chosen[u]), {}, false});
        }
        {
            const Unlocked unlocked(work);
            network_->best_many(asked.data(), (int)count, hidden, k, threads);
        }
        nb::list all;
        for (const Asked& one : asked) {
            if (one.is_finite) all.append(listed(one.found));
            else all.append(nb::none());
        }
        return nb::object(all);
    }

    const Network& network() const { return *network_; }

  private:
    Buffer state_of(const nb::handle& array, int flags) const {
        Buffer buffer(array, "f", sizeof(float), flags);
        must(buffer.count() == size_, "the state has another size");
        return buffer;
    }

    Advance advance_of(std::int64_t word, const nb::tuple& before, const nb::tuple& after,
                       std::vector<Buffer>& buffers) const {
        const std::size_t parts = network_->has_memory() ? 2 : 1;
        must(before.size() == parts && after.size() == parts, "a state has h, or h and c");
        if (word < 0 || word >= network_->words()) throw nb::index_error("there is no such word id");
        Advance step{word, nullptr, nullptr, nullptr, nullptr};
        for (std::size_t part = 0; part < parts; ++part) {
            buffers.push_back(state_of(before[part], PyBUF_SIMPLE));
            (part ? step.c : step.h) = buffers.back().as<const float>();
            buffers.push_back(state_of(after[part], PyBUF_WRITABLE));
            (part ? step.c_after : step.h_after) = buffers.back().as<float>();
        }
        return step;
    }

    std::optional<Buffer> ids_of(const nb::handle& ids) const {
        if (ids.is_none()) return std::nullopt;
        return ids_in(ids, network_->words());
    }

    Choice choice_of(const std::optional<Buffer>& ids) const {
        if (!ids) return {nullptr, network_->words()};
        return {ids->as<const std::int64_t>(), (std::int64_t)ids->count()};
    }

    static nb::list listed(const std::vector<Found>& found) {
        nb::list list;
        for (const Found& one : found) list.append(nb::make_tuple(one.id, one.probability));
        return list;
    }

    Matrix embedding_;
    std::vector<Weights> layers_;
    std::optional<Matrix> projection_;
    Matrix output_;
    std::size_t size_ = 0;
    std::optional<Network> network_;
};

const Kernels* (*kernels_in_use)() = nullptr;

}  // namespace

const Network& network_of(const nb::handle& object) { return nb::cast<const PyNetwork&>(object).network(); }

void bind_network(nb::module_& m, const Kernels* (*chosen)()) {
    kernels_in_use = chosen;
    const auto none = nb::none();
    nb::class_<Matrix>(m, "Matrix", "Rows of float32, or of int8 with a scale each; the biases.")
        .def(nb::init<Floats, std::optional<Row>>(), nb::arg("values").noconvert(),
             nb::arg("bias").noconvert() = none)
        .def(nb::init<Ints, Row, std::optional<Row>, std::size_t>(), nb::arg("values").noconvert(),
             nb::arg("scales").noconvert(), nb::arg("bias").noconvert() = none, nb::arg("room") = 0);
    nb::class_<Weights>(m, "Layer", "A recurrent layer's weights; the biases are weight_ih's.")
        .def(
            "__init__",
            [](Weights* self, Matrix into, Matrix back, std::optional<Row> bias_n,
               std::optional<Floats> peepholes) {
                new (self) Weights{std::move(into), std::move(back), std::move(bias_n),
                                   std::move(peepholes)};
            },
            nb::arg("weight_ih"), nb::arg("weight_hh"), nb::arg("bias_n").noconvert() = none,
            nb::arg("peepholes").noconvert() = none);
    nb::class_<Product>(m, "Product", "A matrix by which vectors are multiplied.")
        .def(
            "__init__",
            [](Product* self, Matrix matrix) {
                new (self) Product(*kernels_in_use(), std::move(matrix));
            },
            nb::arg("matrix"))
        .def("multiply", &Product::multiply, nb::arg("x"), nb::arg("into"), nb::arg("threads"))
        .def("log_probabilities", &Product::log_probabilities, nb::arg("x"), nb::arg("into"),
             nb::arg("threads"))
        .def("following", &Product::following, nb::arg("x"), nb::arg("over"), nb::arg("inside"), nb::arg("logs"),
             nb::arg("log_of_over"), nb::arg("going"), nb::arg("threads"))
        .def("likeliest", &Product::likeliest, nb::arg("x"), nb::arg("hidden"), nb::arg("another"),
             nb::arg("ids"), nb::arg("logs"), nb::arg("log_of_another"), nb::arg("threads"));
    nb::class_<PyNetwork>(m, "Network", "A whole next-word model at inference.")
        .def(
            "__init__",
            [](PyNetwork* self, const std::string& cell, Matrix embedding,
               std::vector<Weights> layers, std::optional<Matrix> projection, Matrix output,
               float clip) {
                new (self) PyNetwork(*kernels_in_use(), cell, std::move(embedding),
                                     std::move(layers), std::move(projection), std::move(output),
                                     clip);
            },
            nb::arg("cell"), nb::arg("embedding"), nb::arg("layers"), nb::arg("projection").none(),
            nb::arg("output"), nb::arg("clip") = 0.0f)
        .def("advance", &PyNetwork::advance)
        .def("advance_many", &PyNetwork::advance_many)
        .def("steps", &PyNetwork::steps, nb::arg("x"), nb::arg("h"), nb::arg("c").none(),
             nb::arg("begins"), nb::arg("threads"))
        .def("scores", &PyNetwork::scores, nb::arg("h"), nb::arg("ids").none(), nb::arg("into"),
             nb::arg("threads"))
        .def("best", &PyNetwork::best, nb::arg("h"), nb::arg("k"), nb::arg("ids").none(),
             nb::arg("hidden"), nb::arg("threads"))
        .def("best_of_scores", &PyNetwork::best_of_scores, nb::arg("scores"), nb::arg("k"), nb::arg("ids").none(),
             nb::arg("hidden"))
        .def("best_many", &PyNetwork::best_many);
    m.def("call_up", &call_up, nb::arg("threads"),
          "Wakes the threads that share long work, which comes within microseconds.");
}

}  // namespace foreword
