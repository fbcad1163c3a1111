// Reads what Python gives: the members of a struct in their order.
#pragma once

#include "arguments.hpp"
#include "staged.hpp"

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>
#include <type_traits>

namespace foreword {

// What a pointer's memory must hold.
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

// The shape of memory that must be there.
inline void must_have(const Argument& argument, std::initializer_list<std::int64_t> shape) {
    if (argument.content == Content::number) throw Misfit("a kernel was given nothing where it reads a tensor");
    must_be(argument, shape);
}

// Rows and columns are counted by 32 bits.
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

// Arguments come in the order of the struct's members: sizes, flags and tensors.
class Reader {
  public:
    Reader(const Arguments& arguments, const Kernels& kernels)
        : arguments_(arguments), kernels_(kernels) {}

    template <class Member>
    void operator()(Member*& member) {
        const Argument& argument = next();
        member = at<Member>(argument);
        // An empty one may have no address, and would stand for what is not there.
        if (argument.content != Content::number && argument.count() == 0) {
            throw Misfit("a kernel was given an empty tensor");
        }
    }
    // Floats of either width; the caller asks which.
    void operator()(void*& member) {
        const Argument& argument = next();
        if (argument.content == Content::int64) throw Misfit("a kernel reads no whole numbers there");
        member = reinterpret_cast<void*>(argument.value);
    }
    void operator()(const CellInfo*& member) {
        member = kernels_.cell((int)number());
        if (!member) throw Misfit("there is no such cell");
    }
    void operator()(bool& member) { member = number() != 0; }
    void operator()(int& member) {
        const auto wide = (std::int64_t)number();
        countable(wide);
        member = (int)wide;
    }
    // Its bits.
    void operator()(float& member) {
        const auto bits = (std::uint32_t)number();
        std::memcpy(&member, &bits, sizeof member);
    }
    void operator()(std::ptrdiff_t& member) { member = (std::ptrdiff_t)number(); }
    void operator()(Sizes& sizes) {
        (*this)(sizes.T), (*this)(sizes.B), (*this)(sizes.H);
        (*this)(sizes.begins), (*this)(sizes.places), (*this)(sizes.idle);
        countable((std::int64_t)sizes.T * sizes.B), countable((std::int64_t)sizes.H * MOST_GATES);
    }
    void operator()(Masks& masks) {
        (*this)(masks.keep), (*this)(masks.drop_hidden), (*this)(masks.drop_memory);
    }
    void operator()(Input& input) {
        (*this)(input.size), (*this)(input.x), (*this)(input.weight), (*this)(input.bias);
    }
    void operator()(Packed& packed) { (*this)(packed.memory), (*this)(packed.is_there); }
    void operator()(Zone& zone) { (*this)(zone.share), (*this)(zone.row); }
    void operator()(Norm& norm) { (*this)(norm.gain), (*this)(norm.bias); }
    void operator()(Form& form) {
        (*this)(form.sizes), (*this)(form.masks), (*this)(form.cell), (*this)(form.projected);
        (*this)(form.clip);
        (*this)(form.zone_hidden), (*this)(form.zone_memory);
        (*this)(form.peepholes), (*this)(form.weight), (*this)(form.bias_n);
        (*this)(form.projection), (*this)(form.norm_input), (*this)(form.norm_past);
        (*this)(form.norm_memory);
    }
    void operator()(InputBack& input) {
        (*this)(input.size), (*this)(input.weight), (*this)(input.d_x);
    }
    template <class... Members>
    void some(Members&... members) {
        (..., (*this)(members));
    }
    void end() const {
        if (next_ != arguments_.size()) throw Misfit("too many arguments");
    }
    template <class... Members>
    void all(Members&... members) {
        some(members...);
        end();
    }

    // How many have been read.
    std::size_t place() const { return next_; }

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
    std::size_t next_ = 0;
};

}  // namespace foreword
