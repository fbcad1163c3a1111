// The cells' equations for one instruction set. Compiled once for each, with FOREWORD_ISA as its name.
#include "cells.hpp"

#include "quick.hpp"
#include "staged_rows.hpp"
#include "units.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class C>
static constexpr Cell cell() {
    Cell all{};
    static_cast<CellInfo&>(all) = C::INFO;
    if constexpr (C::INFO.needs_whole_rows()) {
        all.forward_row = forward_whole_row<C>;
        all.back_row = FOREWORD_UNLESS_WASM(back_whole_row<C>);
    } else {
        all.forward[0] = forward_block<C, 0>;
        all.back[0] = FOREWORD_UNLESS_WASM(back_block<C, 0>);
        all.step[0] = FOREWORD_UNLESS_WASM(step_units<C, 0>);
        all.finish = FOREWORD_UNLESS_WASM(finish_block<C>);
        if constexpr (C::INFO.parts() > 1) {
            all.forward[1] = forward_block<C, 1>;
            all.back[1] = FOREWORD_UNLESS_WASM(back_block<C, 1>);
            all.step[1] = FOREWORD_UNLESS_WASM(step_units<C, 1>);
        } else {
            all.forward_row = FOREWORD_UNLESS_WASM(forward_row<C>);
            all.back_row = FOREWORD_UNLESS_WASM(back_row<C>);
        }
    }
    return all;
}

template <class... C>
static const CellInfo* find_among(int code, List<C...>) {
    static constexpr Cell CELLS[] = {cell<C>()...};
    return code >= 0 && code < (int)sizeof...(C) ? &CELLS[code] : nullptr;
}

const CellInfo* find_cell(int code) { return find_among(code, AllCells{}); }

}  // namespace FOREWORD_ISA
}  // namespace foreword
