#include "kernel/clock.h"
#include "kernel/event.h"
#include "kernel/generation.h"
#include "kernel/panic.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

// Frames that may lie between the loop and the thread's start: the entry function, and what hands it its object.
constexpr unsigned entry_frames = 3;

// The frame's caller: ELFv2 keeps its address in the word at the frame's.
const void* caller_of(const void* frame)
{
    return *static_cast<const void* const*>(frame);
}

}

OuterLoop::OuterLoop() : m_frame(caller_of(__builtin_frame_address(0)))
{
    const void* frame = m_frame;
    const void* outermost = current_thread()->m_start_frame;
    for (unsigned i = 0; i < entry_frames && frame != outermost; ++i)
        frame = caller_of(frame);
    check(frame == outermost, "an outer loop is made in its thread's entry function");
}

// Outside every object: nothing lies between the entry function and the quiescent point, nor is anything held.
void OuterLoop::check_frame(const void* caller) const
{
    const Thread& thread = *current_thread();
    check(caller == m_frame, "a quiescent point is in the outermost frame");
    check(thread.call_records.depth() == 0, "a quiescent point is outside every object");
    check(thread.mutexes_held() == 0, "no mutex is held at a quiescent point");
    assert_may_block();
}

void OuterLoop::pass()
{
    check_frame(caller_of(__builtin_frame_address(0)));
    generations().pass();
}

void OuterLoop::wait(Ticket& ticket)
{
    check_frame(caller_of(__builtin_frame_address(0)));
    leave_generation();
    ticket.wait();
    enter_generation();
}

void OuterLoop::wait(Event& event)
{
    check_frame(caller_of(__builtin_frame_address(0)));
    leave_generation();
    event.wait();
    enter_generation();
}

void OuterLoop::consume(Event& event)
{
    check_frame(caller_of(__builtin_frame_address(0)));
    leave_generation();
    event.consume();
    enter_generation();
}

void OuterLoop::sleep_until(uint64_t deadline_ns)
{
    check_frame(caller_of(__builtin_frame_address(0)));
    leave_generation();
    kernel::sleep_until(deadline_ns);
    enter_generation();
}

void OuterLoop::wait_for_all_cpus()
{
    check_frame(caller_of(__builtin_frame_address(0)));
    leave_generation();
    generations().wait_for_all_cpus();
    enter_generation();
}

}
