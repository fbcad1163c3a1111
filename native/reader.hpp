// Reads what Python gives: the members of a struct in their order, as numbers.
#pragma once

#include "staged.hpp"

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace foreword {

using Numbers = std::vector<std::uintptr_t>;

template <class Pointed>
Pointed* at(std::uintptr_t address) {
    return reinterpret_cast<Pointed*>(address);
}

// Arguments come in the order of the struct's members, as numbers: sizes, flags and addresses.
class Reader {
  public:
    explicit Reader(const Numbers& numbers) : numbers_(numbers) {}

    template <class Member>
    void operator()(Member*& member) { member = at<Member>(next()); }
    void operator()(bool& member) { member = next() != 0; }
    void operator()(int& member) { member = (int)next(); }
    // Its bits.
    void operator()(float& member) {
        const auto bits = (std::uint32_t)next();
        std::memcpy(&member, &bits, sizeof member);
    }
    void operator()(std::ptrdiff_t& member) { member = (std::ptrdiff_t)next(); }
    void operator()(Sizes& sizes) {
        (*this)(sizes.T), (*this)(sizes.B), (*this)(sizes.H);
        (*this)(sizes.begins), (*this)(sizes.places), (*this)(sizes.idle);
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
        (*this)(form.sizes), (*this)(form.masks), (*this)(form.kind), (*this)(form.projected);
        (*this)(form.sees_memory), (*this)(form.clip);
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
        if (next_ != numbers_.size()) throw std::invalid_argument("too many arguments");
    }
    template <class... Members>
    void all(Members&... members) {
        some(members...);
        end();
    }

  private:
    std::uintptr_t next() {
        if (next_ == numbers_.size()) throw std::invalid_argument("too few arguments");
        return numbers_[next_++];
    }

    const Numbers& numbers_;
    std::size_t next_ = 0;
};

}  // namespace foreword
