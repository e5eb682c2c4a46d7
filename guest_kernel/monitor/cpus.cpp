// Which CPU does what.

#include "arch/ppc64/percpu.h"
#include "devices/mailbox.h"
#include "kernel/generation.h"
#include "kernel/init.h"
#include "kernel/scheduler.h"

namespace monitor {

namespace {

using kernel::Status;

struct Running {
    uint64_t thread[abi::MAX_CPUS] = {};
};

void note_running(kernel::Thread& thread, void* context)
{
    if (thread.state() == kernel::ThreadState::Running)
        static_cast<Running*>(context)->thread[thread.cpu()] = thread.id();
}

const char* state_of(unsigned cpu, uint64_t thread)
{
    if (!kernel::Scheduler::of(cpu).online())
        return "off";
    return thread == 0 ? "idle" : "running";
}

Status list_cpus(devices::ValueReader&, devices::ValueWriter& result)
{
    Running running;
    kernel::for_each_thread(note_running, &running);
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        result.begin_list();
        result.number(cpu);
        result.text(state_of(cpu, running.thread[cpu]));
        result.number(running.thread[cpu]);
        result.number(kernel::generations().current(cpu));
        result.end_list();
    }
    return {};
}

Status start() { return devices::mailbox::register_handler(abi::Operation::CPUS, list_cpus); }

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.cpus", start};

}

}
