// The Python module: it passes tensors and sizes to the kernels, which write the results.
#include "arguments.hpp"
#include "core_module.hpp"
#include "decoder_module.hpp"
#include "fields.hpp"
#include "instruction_sets.hpp"
#include "kernels.hpp"
#include "layers.hpp"
#include "network_module.hpp"
#include "parallel.hpp"
#include "memory_pool.hpp"
#include "typist_module.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace foreword {

namespace {

// Read by calls on other threads.
std::atomic<const Kernels*> chosen{runnable().front()};

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const Kernels* kernels : runnable()) names.emplace_back(kernels->name);
    return names;
}

std::vector<std::string> cells() {
    std::vector<std::string> names;
    while (const CellInfo* cell = chosen.load()->cell((int)names.size())) names.emplace_back(cell->name);
    return names;
}

void use_instruction_set(const std::string& name) {
    for (const Kernels* kernels : runnable()) {
        if (kernels->name == name) {
            chosen = kernels;
            return;
        }
    }
    throw nb::value_error(("this processor has no " + name).c_str());
}

nb::ndarray<nb::pytorch, float, nb::ndim<1>> empty(std::size_t count) {
    float* memory = take(count);
    nb::capsule owner(memory, [](void* memory) noexcept { give_back(static_cast<float*>(memory)); });
    return {memory, {count}, owner};
}

// The bits of a tensor's floats.
const std::uint32_t* words_of(const Argument& tensor) {
    return reinterpret_cast<const std::uint32_t*>(at<const float>(tensor));
}

// Whether no value is larger than a bound, nor NaN.
bool are_within(const nb::handle& given, float bound) {
    bool all = true;
    for (const Argument& tensor : arguments_of(given)) {
        const float* const values = at<const float>(tensor);
        const std::size_t count = tensor.count();
        int beyond = 0;
        for (std::size_t k = 0; k < count; ++k) beyond |= !(std::fabs(values[k]) <= bound);
        all = all && beyond == 0;
    }
    return all;
}

// A checksum of a few values of each tensor: detects a write that no version counter has noticed,
// unless it changed little.
std::uint64_t fingerprint(const nb::handle& given) {
    constexpr std::size_t SAMPLES = 16;
    std::uint64_t mixed = reinterpret_cast<std::uintptr_t>(chosen.load());  // packs in its own way
    for (const Argument& tensor : arguments_of(given)) {
        const auto values = words_of(tensor);
        const std::size_t count = tensor.count(), step = count / SAMPLES + 1;
        for (std::size_t j = 0; j < count; j += step) {
            mixed = (mixed ^ values[j]) * 0x9e3779b97f4a7c15u;
            mixed ^= mixed >> 29;
        }
    }
    return mixed;
}

// A checksum of all their bits, the same for any number of threads.
std::uint64_t checksum(const nb::handle& given, int threads) {
    constexpr std::size_t PIECE = 1 << 15;  // words
    const Arguments tensors = arguments_of(given);
    const Kernels* const kernels = chosen.load();
    nb::gil_scoped_release release;
    std::vector<std::pair<const std::uint32_t*, std::size_t>> pieces;
    for (const Argument& tensor : tensors) {
        const auto words = words_of(tensor);
        const std::size_t count = tensor.count();
        for (std::size_t done = 0; done < count; done += PIECE) {
            pieces.emplace_back(words + done, std::min<std::size_t>(PIECE, count - done));
        }
    }
    std::vector<std::uint64_t> found(pieces.size());
    together(threads, [&](Member& member) {
        const int count = (int)pieces.size();
        for (int k = member.first(count); k < member.last(count); ++k) {
            const auto& [words, length] = pieces[(std::size_t)k];
            found[(std::size_t)k] = kernels->checksum(words, length);
        }
    });
    std::uint64_t mixed = reinterpret_cast<std::uintptr_t>(kernels);
    for (const std::uint64_t piece : found) {
        mixed = (mixed ^ piece) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
    }
    return mixed;
}

// Reads a struct's fields, and runs a kernel on it. `check` throws if further conditions on them
// are not met.
template <class Struct, class Choose, class Check>
void run(const nb::handle& given, int format, int threads, Choose&& choose, Check&& check) {
    Struct a{};
    const Arguments arguments = arguments_of(given);
    const Kernels& kernels = *chosen.load();
    const auto kernel = of_format(choose(kernels), format);
    Reader read(arguments, kernels, format);
    fields(read, a);
    read.end();
    check(a, arguments);
    nb::gil_scoped_release release;
    kernel(a, threads);
}

template <class Struct, class Choose>
auto runner(Choose choose) {
    return [choose](const nb::handle& given, int format, int threads) {
        run<Struct>(given, format, threads, choose, [](const Struct&, const Arguments&) {});
    };
}

void run_sums(const nb::handle& given, int format, int threads) {
    const auto check = [](const Sums& a, const Arguments& arguments) {
        const auto fits = [](bool it_does) {
            if (!it_does) throw Misfit("the sums of products were asked for tensors of other sizes");
        };
        const auto size_of = [&](const void* memory) {
            std::size_t count = 0;
            for (const Argument& one : arguments) {
                const bool is_it = one.content != Content::number &&
                                   one.value == reinterpret_cast<std::uintptr_t>(memory);
                if (is_it) count = std::max(count, one.count());
            }
            return (std::int64_t)count;
        };
        fits(a.M > 0 && a.K > 0 && a.a && a.a_row >= a.M);
        // The last row of `a` ends with its own M values. Divided, because the product may overflow.
        const std::int64_t values = size_of(a.a);
        fits(values >= a.M && (a.K == 1 || a.a_row <= (values - a.M) / (a.K - 1)));
        const auto factor = [&](int N, const float* b, const std::int64_t* rows, const float* c) {
            fits(N > 0 && b && c && size_of(b) % N == 0);
            const std::int64_t lines = size_of(b) / N;
            fits(rows ? size_of(rows) >= a.K : lines >= a.K);
            for (int k = 0; rows && k < a.K; ++k) fits(rows[k] >= 0 && rows[k] < lines);
        };
        factor(a.N, a.b, a.b_rows, a.c);
        if (a.other_N != 0) factor(a.other_N, a.other_b, a.other_rows, a.other_c);
    };
    run<Sums>(given, format, threads, [](const Kernels& k) -> auto& { return k.sums; }, check);
}

void must_be_words(const std::int64_t* targets, int rows, int V) {
    for (int r = 0; r < rows; ++r) {
        if (targets[r] < 0 || targets[r] >= V) throw nb::value_error("a target is out of range");
    }
}

void run_softmax(const nb::handle& given, int format, int threads) {
    const auto check = [&](const Softmax& a, const Arguments& arguments) {
        const auto logits = format == 1 ? Content::bfloat16 : Content::float32;
        if (arguments[2].content != logits) throw Misfit("logits are of another format");
        must_be_words(a.targets, a.rows, a.V);
    };
    run<Softmax>(given, format, threads, [](const Kernels& k) -> auto& { return k.softmax; }, check);
}

void run_ranks(const nb::handle& given, int format, int threads) {
    const auto check = [](const Ranks& a, const Arguments&) {
        if (a.left_out >= a.V) throw Misfit("the word that is left out is none");
        must_be_words(a.targets, a.rows, a.V);
    };
    run<Ranks>(given, format, threads, [](const Kernels& k) -> auto& { return k.ranks; }, check);
}

// The memory of a tensor of this shape, which must not be absent.
float* floats_of(const Argument& tensor, std::initializer_list<std::int64_t> shape) {
    must_be(tensor, shape);
    Reader::needs(true, at<float>(tensor));
    return at<float>(tensor);
}

// Steps and units, by the first tensor's shape.
std::pair<int, int> steps_and_units(const Arguments& tensors, std::size_t count) {
    if (tensors.size() != count) throw Misfit("a scan was given another number of tensors");
    if (tensors[0].dimensions != 2) throw Misfit("a scan is given steps by units");
    countable(tensors[0].shape[0]), countable(tensors[0].shape[1]);
    return {(int)tensors[0].shape[0], (int)tensors[0].shape[1]};
}

void run_scan(const nb::handle& given, int threads) {
    const Arguments tensors = arguments_of(given);
    const auto [T, units] = steps_and_units(tensors, 4);
    const Scan scan{T, units,
                    floats_of(tensors[0], {T, units}), floats_of(tensors[1], {T, units}),
                    floats_of(tensors[2], {units}), floats_of(tensors[3], {T, units})};
    const Kernels* const kernels = chosen.load();
    nb::gil_scoped_release release;
    kernels->scan(scan, threads);
}

void run_scan_back(const nb::handle& given, int threads) {
    const Arguments tensors = arguments_of(given);
    const auto [T, units] = steps_and_units(tensors, 7);
    const ScanBack back{T, units,
                        floats_of(tensors[0], {T, units}), floats_of(tensors[1], {units}),
                        floats_of(tensors[2], {T, units}), floats_of(tensors[3], {T, units}),
                        floats_of(tensors[4], {T, units}), floats_of(tensors[5], {T, units}),
                        floats_of(tensors[6], {units})};
    const Kernels* const kernels = chosen.load();
    nb::gil_scoped_release release;
    kernels->scan_back(back, threads);
}

// The names of each struct's fields, in their order.
std::vector<std::pair<std::string, std::vector<std::string>>> fields_of_structs() {
    const Kernels& kernels = *chosen.load();
    auto all = fields_of_layers(kernels);
    const auto add = [&](const char* name, auto a) {
        Names names(kernels);
        fields(names, a);
        all.emplace_back(name, names.names);
    };
    add("forward", Forward{}), add("back", Backward{});
    add("staged", Staged{}), add("staged_back", StagedBack{});
    add("sums", Sums{}), add("softmax", Softmax{}), add("ranks", Ranks{});
    return all;
}

// Arranges B sequences, of up to T steps each, by their lengths; see `Sizes` for `begins` and
// `places`, and `Order` in `kernels/native/steps.py` for the others. Returns the longest one's steps,
// and all rows.
std::pair<int, int> arrange(int T, int B, const nb::handle& given) {
    const Arguments a = arguments_of(given);
    if (a.size() != 7) throw Misfit("lengths, and memory for an order, are wanted");
    const std::int64_t all = (std::int64_t)T * B;
    if (T < 0 || B < 0 || all > std::numeric_limits<int>::max()) throw Misfit("too many rows");
    const std::int64_t counts[] = {B, T + (std::int64_t)1, all, all, B, B, B};
    for (std::size_t k = 0; k < a.size(); ++k) must_be(a[k], {counts[k]});
    const auto lengths = at<const std::int64_t>(a[0]);
    const auto begins = at<std::int64_t>(a[1]), places = at<std::int64_t>(a[2]);
    const auto befores = at<std::int64_t>(a[3]), order = at<std::int64_t>(a[4]);
    const auto rank = at<std::int64_t>(a[5]), ends = at<std::int64_t>(a[6]);
    for (int b = 0; b < B; ++b) {
        if (lengths[b] < 0 || lengths[b] > T) throw nb::value_error("a length is out of range");
        order[b] = b;
    }
    std::stable_sort(order, order + B, [&](std::int64_t a, std::int64_t b) {
        return lengths[a] > lengths[b];
    });
    std::int64_t row = 0, before = 0;
    int going = B;
    for (int t = 0; t < T; ++t) {
        while (going > 0 && lengths[order[going - 1]] <= t) --going;
        begins[t] = row;
        for (int b = 0; b < going; ++b, ++row) {
            places[row] = (std::int64_t)t * B + order[b];
            befores[row] = before + b;
        }
        before = B + begins[t];
    }
    begins[T] = row;
    for (int b = 0; b < B; ++b) rank[order[b]] = b;
    for (int b = 0; b < B; ++b) {
        ends[b] = rank[b] + (lengths[b] > 0 ? B + begins[lengths[b] - 1] : 0);
    }
    std::int64_t idle = row;
    for (int t = 0; t < T; ++t) {
        for (int b = 0; b < B; ++b) {
            if (lengths[b] <= t) places[idle++] = (std::int64_t)t * B + b;
        }
    }
    return {B > 0 ? (int)lengths[order[0]] : 0, (int)row};
}

}  // namespace
}  // namespace foreword

NB_MODULE(_native, m) {
    using namespace foreword;
    m.doc() = "Recurrent cells over time, for one processor's instruction set.";
    // A program may end while a thread or a module of its own still has a predictor.
    nb::set_leak_warnings(false);
    m.def("instruction_sets", &instruction_sets, "Those of this processor, the best first.");
    m.def("use_instruction_set", &use_instruction_set, nb::arg("name"));
    m.def("instruction_set", [] { return std::string(chosen.load()->name); }, "The one in use.");
    m.attr("ENOUGH_ROWS") = ENOUGH_ROWS;
    m.def("steps_at_once", &steps_at_once, nb::arg("T"), nb::arg("batch"),
          "Steps whose gates are computed at once, and need room.");
    m.def("arrange", &arrange, nb::arg("T"), nb::arg("B"), nb::arg("tensors"),
          "Arranges sequences by their lengths, the longest first.");
    m.def("are_within", &are_within, nb::arg("tensors"), nb::arg("bound"),
          "Whether no value of some tensors is larger, nor NaN.");
    m.def("ask_tensors_by", &ask_tensors_by, nb::arg("exchange"), "Says how tensors are asked.");
    nb::exception<Misfit>(m, "Misfit", PyExc_RuntimeError);
    m.def("fingerprint", &fingerprint, "A few values of each tensor, mixed.");
    m.def("checksum", &checksum, "A number from all bits of some tensors.");
    m.def(
        "packed_floats",
        [](int units, int gates, int K, int format) {
            return of_format(chosen.load()->packed_floats, format)(units, gates, K);
        },
        "Floats that a packed weight needs.");
    m.def("sums", &run_sums);
    m.def("softmax", &run_softmax);
    m.def("ranks", &run_ranks);
    m.def("scan", &run_scan, nb::arg("tensors"), nb::arg("threads"),
          "h of h_t = a_t * h_{t-1} + b_t, from a, b and the first h.");
    m.def("scan_back", &run_scan_back, nb::arg("tensors"), nb::arg("threads"),
          "Gradients by a, b and the first h, from a, the first h, h and the gradient by h.");
    m.def("threads_worth", &threads_worth, nb::arg("threads"), nb::arg("multiplications"),
          "Threads for so much work: one for short work while others want the cores.");
    m.def("note_wait", &note_wait, nb::arg("nanoseconds"), "How long a team waited for a member.");
    m.def("note_quiet", &note_quiet, "A team has waited for nobody.");
    m.def("empty", &empty, nb::arg("count"), "Floats from the pool, as a tensor; not set.");
    m.def("clear_pool", &clear_pool, "Gives back to the system what no tensor uses.");
    m.def(
        "use_openmp",
        [](std::uintptr_t parallel, std::uintptr_t count) {
            use_openmp(reinterpret_cast<OpenMpParallel>(parallel),
                       reinterpret_cast<OpenMpCount>(count));
        },
        nb::arg("parallel"), nb::arg("count"), "Takes threads from that OpenMP, by its addresses.");
    m.def("cells", &cells, "Names of the cells, by whose places the kernels are told which.");
    m.def("fields", &fields_of_structs, "Of each struct the names of its fields, in their order.");
    m.def("forward", runner<Forward>([](const Kernels& k) -> auto& { return k.forward; }));
    m.def("back", runner<Backward>([](const Kernels& k) -> auto& { return k.back; }));
    bind_network(m, [] { return chosen.load(); });
    bind_decoder(m, [] { return chosen.load(); });
    bind_core(m);
    bind_typist(m);
    m.def("step", [](const nb::handle& given, int threads) {
        run_step(*chosen.load(), arguments_of(given), threads);
    });
    m.def("layers", [](const nb::handle& given, int format, int threads) {
        run_layers(*chosen.load(), arguments_of(given), format, threads);
    });
    m.def("staged", runner<Staged>([](const Kernels& k) -> auto& { return k.staged->forward; }));
    m.def("staged_back", runner<StagedBack>([](const Kernels& k) -> auto& { return k.staged->back; }));
}
