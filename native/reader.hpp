// Reads arguments from Python: the fields of a struct in their order, by a visitor; or lists their
// names.
#pragma once

#include "arguments.hpp"
#include "staged.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace foreword {

// The requirements on a pointer's memory.
template <class Pointed>
constexpr Content content_for() {
    using Value = std::remove_const_t<Pointed>;
    if constexpr (std::is_same_v<Value, float>) return Content::float32;
    else static_assert(std::is_same_v<Value, std::int64_t>, "kernels read nothing else");
    return Content::int64;
}

template <class Pointed>
Pointed* at(const Argument& argument) {
    if (argument.value != 0 && argument.content != content_for<std::remove_const_t<Pointed>>()) {
        throw Misfit("a kernel was given memory with numbers of another kind than it reads");
    }
    return reinterpret_cast<Pointed*>(argument.value);
}

// The shape of memory, which may be absent.
inline void must_be(const Argument& argument, std::initializer_list<std::int64_t> shape) {
    if (argument.value == 0 && argument.content == Content::number) return;
    bool is_it = argument.dimensions == (int)shape.size();
    const std::int64_t* had = argument.shape;
    for (const std::int64_t wanted : shape) is_it = is_it && *had++ == wanted;
    if (!is_it) throw Misfit("a kernel was given a tensor of another shape than it reads");
}

// Refuses a cell that only the staged loops run.
inline void without_stages(const CellInfo& cell) {
    if (cell.needs_whole_rows()) throw Misfit("this cell has loops in stages alone");
}

// Rows and columns are counted in 32 bits.
constexpr std::int64_t MOST_GATES = 8;
inline void countable(std::int64_t size) {
    if (size >= std::numeric_limits<int>::min() && size <= std::numeric_limits<int>::max()) return;
    throw Misfit("a size of " + std::to_string(size) + " is more than kernels count to");
}

// The kernel for numbers of a format; not every kernel has one for each.
template <class Kernel, std::size_t FORMATS_HERE>
Kernel of_format(Kernel const (&kernels)[FORMATS_HERE], int format) {
    if (format >= 0 && format < (int)FORMATS_HERE) return kernels[format];
    throw Misfit("this kernel knows no numbers of format " + std::to_string(format));
}

// Sizes, and the rows of all steps: N, and `all`, which includes the unused ones.
struct Counts {
    std::int64_t T = 0, B = 0, H = 0, N = 0, all = 0;
    bool is_ragged = false;

    // The number of rows of gates: of all steps, or of those that are computed at once.
    std::int64_t made(bool keeps) const {
        if (keeps) return N;
        if (!is_ragged) return B == 0 ? 0 : steps_at_once((int)T, (int)B) * B;
        return std::min<std::int64_t>(N, B + ENOUGH_ROWS);
    }
};

class Reader {
  public:
    Reader(const Arguments& arguments, const Kernels& kernels, int format = 0)
        : arguments_(arguments), kernels_(kernels), format_(format) {}

    template <class Pointed>
    void operator()(const char*, Pointed*& member) {
        const Argument& argument = next();
        member = at<Pointed>(argument);
        // An empty tensor may have no address, and would count as absent.
        if (argument.content != Content::number && argument.count() == 0) {
            throw Misfit("a kernel was given an empty tensor");
        }
    }
    template <class Pointed>
    void operator()(const char* name, Pointed*& member, std::int64_t count) {
        (*this)(name, member);
        if (member && (std::int64_t)last().count() < count) {
            throw Misfit("a kernel was given a tensor that is smaller than it reads");
        }
    }
    template <class Pointed>
    void operator()(const char* name, Pointed*& member, std::initializer_list<std::int64_t> shape) {
        (*this)(name, member);
        must_be(last(), shape);
    }
    // Floats of either width; the caller asks which.
    void operator()(const char*, void*& member, std::initializer_list<std::int64_t> shape) {
        const Argument& argument = next();
        if (argument.content == Content::int64) throw Misfit("a kernel reads no whole numbers there");
        member = reinterpret_cast<void*>(argument.value);
        must_be(argument, shape);
    }
    void operator()(const char*, const CellInfo*& member) {
        member = kernels_.cell((int)number());
        if (!member) throw Misfit("there is no such cell");
    }
    void operator()(const char*, bool& member) { member = number() != 0; }
    void operator()(const char*, int& member) {
        const auto wide = (std::int64_t)number();
        countable(wide);
        member = (int)wide;
    }
    // Its bits.
    void operator()(const char*, float& member) {
        const auto bits = (std::uint32_t)number();
        std::memcpy(&member, &bits, sizeof member);
    }
    void operator()(const char*, std::ptrdiff_t& member) { member = (std::ptrdiff_t)number(); }

    template <class... Pointers>
    static void needs(bool are_needed, Pointers... memory) {
        if (are_needed && !(... && memory)) throw Misfit("a kernel was given nothing where it reads a tensor");
    }
    static Counts counts(const Sizes& s) {
        if (s.T < 0 || s.B < 0 || s.H < 0) throw Misfit("a size is negative");
        const std::int64_t most = (std::int64_t)s.T * s.B;
        countable(most), countable((std::int64_t)s.H * MOST_GATES);
        Counts k{s.T, s.B, s.H, most, most, s.begins != nullptr};
        if (!s.begins) return k;
        k.N = s.begins[s.T], k.all = k.N + s.idle;
        if (k.N < 0 || k.N > most || s.idle < 0) throw Misfit("rows are counted wrongly");
        return k;
    }
    std::ptrdiff_t packed_floats(std::int64_t units, std::int64_t gates, std::int64_t K) const {
        return of_format(kernels_.packed_floats, format_)((int)units, (int)gates, (int)K);
    }
    void end() const {
        if (next_ != arguments_.size()) throw Misfit("too many arguments");
    }
    // The argument that was read last.
    const Argument& last() const { return arguments_[next_ - 1]; }

  private:
    const Argument& next() {
        if (next_ == arguments_.size()) throw Misfit("too few arguments");
        return arguments_[next_++];
    }
    std::uintptr_t number() {
        const Argument& argument = next();
        if (argument.content != Content::number) throw Misfit("a number is wanted, not a tensor");
        return argument.value;
    }

    const Arguments& arguments_;
    const Kernels& kernels_;
    const int format_;
    std::size_t next_ = 0;
};

// Lists the fields' names.
class Names {
  public:
    explicit Names(const Kernels& kernels) : kernels_(kernels) {}

    template <class Member>
    void operator()(const char* name, Member&) {
        names.emplace_back(name);
    }
    void operator()(const char* name, const CellInfo*& cell) {
        names.emplace_back(name);
        cell = kernels_.cell(0);
    }
    template <class Pointed>
    void operator()(const char* name, Pointed*&, std::int64_t) {
        names.emplace_back(name);
    }
    template <class Pointed>
    void operator()(const char* name, Pointed*&, std::initializer_list<std::int64_t>) {
        names.emplace_back(name);
    }
    template <class... Pointers>
    static void needs(bool, Pointers...) {}
    static Counts counts(const Sizes&) { return {}; }
    static std::ptrdiff_t packed_floats(std::int64_t, std::int64_t, std::int64_t) { return 0; }

    std::vector<std::string> names;

  private:
    const Kernels& kernels_;
};

}  // namespace foreword
