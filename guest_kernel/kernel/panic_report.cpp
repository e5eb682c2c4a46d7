#include "kernel/panic_report.h"

#include <stdarg.h>

#include "kernel/console.h"
#include "kernel/format.h"
#include "kernel/print.h"

namespace kernel {

namespace {

// Only the CPU that panics writes here.
char line[line_max];

[[gnu::format(printf, 1, 2)]] void put(const char* format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t size = format_arguments(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    line[size++] = '\n';
    console_write_unlocked(line, size);
}

const char* name_of(abi::PanicState state)
{
    switch (state) {
    case abi::PanicState::ABSENT: return "never started";
    case abi::PanicState::PANICKED: return "panicked";
    case abi::PanicState::STOPPED: return "stopped";
    case abi::PanicState::RUNNING: return "did not stop";
    }
    return "unknown";
}

const char* name_of(abi::PanicFrameKind kind)
{
    switch (kind) {
    case abi::PanicFrameKind::INTERRUPTED: return "at";
    case abi::PanicFrameKind::LINK: return "link";
    case abi::PanicFrameKind::RETURN: return "from";
    }
    return "?";
}

void put_registers(const abi::PanicCpu& cpu)
{
    put("  vector %lx nip %016lx msr %016lx lr %016lx", cpu.vector, cpu.nip, cpu.msr, cpu.lr);
    put("  ctr %016lx cr %08lx xer %08lx dar %016lx dsisr %08lx", cpu.ctr, cpu.cr, cpu.xer, cpu.dar, cpu.dsisr);
    for (unsigned i = 0; i < 32; i += 4) {
        put("  r%-2u %016lx %016lx %016lx %016lx", i, cpu.gpr[i], cpu.gpr[i + 1], cpu.gpr[i + 2], cpu.gpr[i + 3]);
    }
}

void put_cpu(unsigned id, const abi::PanicCpu& cpu)
{
    const auto state = static_cast<abi::PanicState>(cpu.state);
    put("CPU %u %s, thread %lu %s", id, name_of(state), cpu.thread_id, cpu.thread_name);
    if (cpu.vector != 0)
        put_registers(cpu);
    for (uint64_t i = 0; i < cpu.frame_count; ++i) {
        const auto kind = static_cast<abi::PanicFrameKind>(cpu.frame_kind[i]);
        put("  #%lu %s %016lx", i, name_of(kind), cpu.frame_address[i]);
    }
}

}

void print_panic(const abi::PanicRecord& record)
{
    put("panic on CPU %lu at %lu ns: %s", record.panicked_cpu, record.time_ns, record.message);
    for (unsigned cpu = 0; cpu < record.cpu_count; ++cpu)
        put_cpu(cpu, record.cpu[cpu]);
}

}
