// The tables above the radix trees: partition table, process table; and the kernel's tree as boot builds it.
#pragma once

#include <stdint.h>

#include "arch/ppc64/mmu.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/radix_tree.h"

namespace arch {

// Bits of a kernel page's entry, without its address.
uint64_t page_bits(Protection protection);

// Which part of the address space the CPUs see differently.
inline bool is_local(uint64_t address)
{
    return address - abi::PERCPU_BASE < RadixTree::root_entry_span;
}

// Boot, real mode, CPU 0 only: builds everything that is mapped at start and one PerCpu for each CPU, linked to its
// tables. Returns CPU 0's (physical). Running out of RAM here is fatal: traps.
PerCpu* build_translation(const abi::BootInfo& info);

// Where cpu(id) finds that CPU's page; ids ascend from 0.
void note_percpu(unsigned id, uint64_t physical);

// Makes this CPU use its tables, still in real mode.
void load_translation(const PerCpu& percpu);

// Each CPU's process table gets this tree for `pid`.
void set_process_tree(uint64_t pid, uint64_t root);
void clear_process_tree(uint64_t pid);

}
