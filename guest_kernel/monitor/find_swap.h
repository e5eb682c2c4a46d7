// Finding a hot-swap that is under way.
#pragma once

#include "objects/hot_swap.h"
#include "objects/translation_table.h"

namespace monitor {

// The first swap that `matches`, or null. For counted threads: it stays until their generation is over.
template <typename Predicate>
objects::HotSwap* find_swap(Predicate matches)
{
    auto& table = objects::table();
    for (uint32_t index = 1; index < table.high_water(); ++index) {
        objects::HotSwap* swap = objects::swap_of(table.at(index));
        if (swap != nullptr && matches(*swap))
            return swap;
    }
    return nullptr;
}

}
