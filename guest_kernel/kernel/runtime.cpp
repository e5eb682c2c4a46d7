// What compiled C++ refers to on its own.
#include <stddef.h>

#include "kernel/heap.h"
#include "kernel/panic.h"

// Virtual destructors refer to it; objects that are destroyed through their base come from kernel::make.
void operator delete(void* memory, size_t) noexcept
{
    kernel::deallocate(memory);
}

extern "C" [[noreturn]] void __cxa_pure_virtual()
{
    kernel::panic("a pure virtual method is called");
}
