// Runs code that may fault or never end, as a module's initialisation may, without the kernel going down with it.
#pragma once

#include <stdint.h>

#include "kernel/heap.h"
#include "kernel/status.h"

namespace arch {
struct TrapFrame;
}

namespace kernel {

class Thread;

struct GuardedOptions {
    const char* name;
    // Virtual time that the code may take, waits included.
    uint64_t time_limit_ns = 50'000'000;
    unsigned priority = 20;
};

// How a guarded call ended.
struct GuardedOutcome {
    // What the code returned; FAULT or TIMED_OUT when it did not return.
    Status status;
    // The exception that ended it, 0 when none did. For TIMED_OUT the watchdog's, the address being in the endless code.
    uint64_t vector = 0;
    uint64_t address = 0;
    uint64_t data_address = 0;
    // What the exception complained of, in words.
    const char* complaint = "";
    // The code could not be ended, because it is inside the kernel: nothing that it may touch can be freed.
    bool still_runs = false;
};

using GuardedCode = Status (*)(uint64_t argument);

// Calls code(argument) on a thread of its own, pinned to this CPU and not counted in a generation, and waits for it.
// The caller is not counted either (asserted), because the code may wait for a generation. NO_MEMORY when the call
// cannot be made; otherwise the outcome says how it went.
//
// A fault ends the call, unless the thread holds a lock, has preemption off or is at exception level: then what it was
// changing cannot be trusted, and the kernel panics. The time limit comes as the system reset exception of the power
// page's watchdog, which interrupts also code that has turned interrupts off. It ends the call where the program
// counter is in module text, the thread holds no lock and no kernel frame lies between there and the call; elsewhere
// the kernel runs on, and the watchdog asks again later, ever less often. Interposers are told of the abandoned calls.
Status run_guarded(const GuardedOptions& options, GuardedCode code, uint64_t argument, GuardedOutcome& outcome);

// Told of the end of a guarded call on the call's own thread, which ends then.
using GuardedEnd = void (*)(uint64_t argument, const GuardedOutcome& outcome);

// As run_guarded, but on the given CPU and without waiting: `ended` is called when the call is over. It has no time limit
// until it sets itself one. Its thread may have ended already on return.
Result<Thread*> start_guarded(const GuardedOptions& options, unsigned cpu, GuardedCode code, uint64_t argument, GuardedEnd ended);

// By guarded code: what it does from now on may take so much virtual time; unlimited_ns: as much as it likes.
inline constexpr uint64_t unlimited_ns = ~uint64_t{0};
void limit_guarded(uint64_t time_limit_ns);

// For the scope it has this time, and afterwards as much as it likes again: a call into a module by what had no limit.
class [[nodiscard]] GuardLimit {
public:
    explicit GuardLimit(uint64_t time_limit_ns) { limit_guarded(time_limit_ns); }
    ~GuardLimit() { limit_guarded(unlimited_ns); }
    GuardLimit(const GuardLimit&) = delete;
    GuardLimit& operator=(const GuardLimit&) = delete;
};

// For a function of the kernel that calls into a module: while it lives, kernel frames from its maker's outwards are no
// obstacle to ending the guarded call that the thread is in, if any. Its end keeps the compiler from turning the maker's
// last call into a jump, which would take the frame away.
class [[nodiscard]] GuardedFrame {
public:
    [[gnu::noinline]] GuardedFrame();
    ~GuardedFrame();
    GuardedFrame(const GuardedFrame&) = delete;
    GuardedFrame& operator=(const GuardedFrame&) = delete;

private:
    // The frame that was marked before.
    uint64_t m_outer = 0;
};

// What kernel code owns while it calls into a module. When the guarded call that the thread is in, if it is in one, ends
// there, `undo` is called: on the thread, which is counted then, for the innermost first. Otherwise nothing happens.
class [[nodiscard]] IfAbandoned {
public:
    using Undo = void (*)(uint64_t what);
    IfAbandoned(Undo undo, uint64_t what);
    ~IfAbandoned();
    IfAbandoned(const IfAbandoned&) = delete;
    IfAbandoned& operator=(const IfAbandoned&) = delete;

    void undo() const { m_undo(m_what); }
    IfAbandoned* outer() const { return m_outer; }

private:
    const Undo m_undo;
    const uint64_t m_what;
    IfAbandoned* m_outer = nullptr;
};

// As make, of a class whose constructor may be a module's: the memory is free again when that does not return.
template <typename T, typename... Arguments>
[[nodiscard]] T* make_of_module(Tag tag, Arguments&&... arguments)
{
    static_assert(alignof(T) <= 16);
    void* memory = allocate(sizeof(T), tag);
    if (memory == nullptr)
        return nullptr;
    const IfAbandoned freed([](uint64_t block) { deallocate(reinterpret_cast<void*>(block)); },
        reinterpret_cast<uint64_t>(memory));
    return new (memory) T(static_cast<Arguments&&>(arguments)...);
}

// What the kernel does for guarded code that called it is not the code's time: for the scope the limit stands still, and
// who waits for the call goes on waiting. By guarded code or any other.
class [[nodiscard]] GuardPause {
public:
    GuardPause();
    ~GuardPause();
    GuardPause(const GuardPause&) = delete;
    GuardPause& operator=(const GuardPause&) = delete;

private:
    // What was left, in virtual time.
    uint64_t m_left_ns = unlimited_ns;
};

// Called by on_fatal before a panic. True when the exception was taken care of: it was a watchdog's, or happened in a
// guarded call, to whose end the frame now leads.
bool recover_guarded(arch::TrapFrame& frame);

}
