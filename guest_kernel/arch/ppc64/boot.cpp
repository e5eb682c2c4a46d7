#include "arch/ppc64/boot.h"

#include "arch/ppc64/boot_frames.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/image.h"
#include "arch/ppc64/mmu.h"
#include "arch/ppc64/translation_tables.h"
#include "kernel/entry.h"

extern "C" {
extern const char start[];
using Constructor = void (*)();
extern const Constructor __init_array_start[];
extern const Constructor __init_array_end[];

// From start.S. Real mode on the boot stack: pointers are physical or linked addresses, which mean the same here; no
// address of the linear map, of PerCpu or of a device works yet.
void boot_real_mode(uint64_t cpu, uint64_t argument);
// From start.S, with translation on.
[[noreturn]] void boot_translated(uint64_t cpu);
}

namespace arch {

CpuStacks cpu_stacks[MAX_CPUS];

namespace {

constinit BootFrames s_boot_frames;

void run_constructors()
{
    for (const Constructor* each = __init_array_start; each != __init_array_end; ++each)
        (*each)();
}

}

BootFrames& boot_frames() { return s_boot_frames; }

const abi::BootInfo& boot_info() { return *static_cast<const abi::BootInfo*>(linear(abi::BOOT_INFO)); }

RamRange free_ram() { return {s_boot_frames.next(), s_boot_frames.end()}; }

kernel::Status start_cpu(unsigned id)
{
    return cpu_start(id, reinterpret_cast<uint64_t>(start) - abi::KERNEL_BASE, cpu(id).physical);
}

}

void boot_real_mode(uint64_t cpu, uint64_t argument)
{
    const arch::PerCpu* percpu = cpu == 0
        ? arch::build_translation(*reinterpret_cast<const abi::BootInfo*>(argument))
        : reinterpret_cast<const arch::PerCpu*>(argument);
    arch::load_translation(*percpu);
}

void boot_translated(uint64_t cpu)
{
    if (cpu == 0)
        arch::run_constructors();
    kernel::main(static_cast<unsigned>(cpu));
}
