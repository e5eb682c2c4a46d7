// Construction in memory that is there already; freestanding code has no <new>.
#pragma once

#include <stddef.h>

inline void* operator new(size_t, void* memory) noexcept
{
    return memory;
}
