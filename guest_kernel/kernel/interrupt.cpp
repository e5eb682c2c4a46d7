#include "kernel/interrupt.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/device_register.h"
#include "kernel/entry.h"
#include "kernel/interrupt_controller.h"
#include "kernel/message.h"
#include "kernel/panic.h"
#include "kernel/scheduler.h"
#include "kernel/spinlock.h"
#include "kernel/timeouts.h"

namespace kernel {

namespace {

using Register = abi::InterruptRegister;
constexpr auto page = abi::DevicePage::INTERRUPTS;

struct Attachment {
    InterruptHandler handler = nullptr;
    uint64_t argument = 0;
};

// Guards attaching; a handler is read without it, because it is set before its line is unmasked, for good.
constinit SpinLock attach_lock;
constinit Attachment attachments[abi::LINES];

uint64_t source_register(uint64_t source)
{
    return static_cast<uint64_t>(Register::SOURCE) + source * abi::REGISTER_SIZE;
}

// Priority 0 never interrupts.
void route(abi::Line line, uint64_t priority)
{
    const uint64_t source = static_cast<uint64_t>(line);
    const uint64_t cpu = read_register(page, source_register(source)) & 0xFF;
    write_register(page, source_register(source), priority << 8 | cpu);
}

void hold_by_schedule(Thread& thread, void*) { thread.hold(); }
void release_by_schedule(Thread& thread, void*) { thread.release(); }

// A thread that has ended in the meantime needs neither.
void set_aside()
{
    const uint64_t id = read_register(page, Register::SET_ASIDE);
    if (id != 0)
        with_thread(id, hold_by_schedule, nullptr).ignore();
}

void release_set_aside()
{
    while (const uint64_t id = read_register(page, Register::RELEASE))
        with_thread(id, release_by_schedule, nullptr).ignore();
}

void receive(uint64_t message, const arch::TrapFrame& frame)
{
    switch (message) {
    case static_cast<uint64_t>(CpuMessage::Reschedule):
        arch::this_cpu().need_reschedule = 1;
        break;
    case static_cast<uint64_t>(CpuMessage::Stop):
        stop_for_panic(&frame);
    case static_cast<uint64_t>(abi::Message::SET_ASIDE):
        set_aside();
        break;
    case static_cast<uint64_t>(abi::Message::RELEASE):
        release_set_aside();
        break;
    default:
        panic("message %lu between CPUs has no meaning", message);
    }
}

void serve_line(uint64_t line)
{
    const Attachment& attachment = attachments[line];
    ASSERT(attachment.handler != nullptr);
    attachment.handler(attachment.argument);
    write_register(page, Register::END, line);
}

}

void initialise_interrupts(unsigned cpu)
{
    if (cpu == 0) {
        for (uint64_t line = 0; line < abi::LINES; ++line)
            route(static_cast<abi::Line>(line), 0);
    }
    constexpr uint64_t every_source = (uint64_t{1} << abi::INTERRUPT_SOURCES) - 1;
    write_register(page, Register::ENABLE, every_source);
}

void send_message(unsigned cpu, CpuMessage message)
{
    write_register(page, Register::SEND, uint64_t{cpu} << 8 | static_cast<uint64_t>(message));
}

Status attach_interrupt(abi::Line line, InterruptHandler handler, uint64_t argument)
{
    SpinGuard guard(attach_lock);
    Attachment& attachment = attachments[static_cast<uint64_t>(line)];
    if (attachment.handler != nullptr)
        return Code::EXISTS;
    attachment = {handler, argument};
    const uint64_t source = static_cast<uint64_t>(line);
    write_register(page, source_register(source), abi::INTERRUPT_PRIORITY_DEFAULT << 8 | arch::cpu_id());
    return {};
}

void mask_interrupt(abi::Line line)
{
    SpinGuard guard(attach_lock);
    route(line, 0);
}

void unmask_interrupt(abi::Line line)
{
    SpinGuard guard(attach_lock);
    route(line, abi::INTERRUPT_PRIORITY_DEFAULT);
}

bool in_exception_level()
{
    return arch::this_cpu().exception_depth != 0;
}

void on_external(const arch::TrapFrame& frame)
{
    for (;;) {
        const uint64_t source = read_register(page, Register::CLAIM);
        if (source == abi::NO_SOURCE)
            return;
        if (source >= abi::MESSAGE_SOURCE)
            receive(source - abi::MESSAGE_SOURCE, frame);
        else
            serve_line(source);
    }
}

void on_decrementer()
{
    const uint64_t now = now_ns();
    Timeouts::here().expire(now);
    Scheduler::here().timer_due(now);
}

void on_exception_exit()
{
    if (arch::this_cpu().need_reschedule != 0)
        reschedule_if_allowed();
}

}
