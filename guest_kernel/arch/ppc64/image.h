// Where the linker put the kernel (kernel.lds), and the stacks that are part of its image.
#pragma once

#include <stdint.h>

#include "arch/ppc64/asm_offsets.h"
#include "arch/ppc64/percpu.h"

// Bounds of the image's parts, all multiples of the page size; effective addresses.
extern "C" {
extern const char __text_start[];
extern const char __text_end[];
extern const char __rodata_start[];
extern const char __rodata_end[];
extern const char __data_start[];
extern const char __image_end[];
}

namespace arch {

// A stack above a page that is never mapped.
struct StackArea {
    alignas(abi::PAGE_SIZE) char guard[abi::PAGE_SIZE];
    char bytes[CPU_STACK_BYTES];

    uint64_t low() const { return reinterpret_cast<uint64_t>(bytes); }
    uint64_t high() const { return reinterpret_cast<uint64_t>(bytes) + sizeof(bytes); }
};

struct CpuStacks {
    StackArea emergency; // what a fatal exception is reported on
    StackArea boot;      // what start.S runs on, and what kernel::main is called on
};
static_assert(sizeof(CpuStacks) == 1 << CPU_STACKS_SHIFT);

extern "C" CpuStacks cpu_stacks[MAX_CPUS];

}
