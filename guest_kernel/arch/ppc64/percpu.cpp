#include "arch/ppc64/percpu.h"

#include "arch/ppc64/mmu.h"
#include "arch/ppc64/translation_tables.h"

namespace arch {

namespace {

// Written once, in real mode on CPU 0; physical addresses.
uint64_t s_pages[MAX_CPUS];
unsigned s_count;

}

void note_percpu(unsigned id, uint64_t physical)
{
    s_pages[id] = physical;
    s_count = id + 1;
}

unsigned cpu_count() { return s_count; }

PerCpu& cpu(unsigned id) { return *static_cast<PerCpu*>(linear(s_pages[id])); }

}
