// The interposer that carries an object through a hot-swap.
#pragma once

#include "kernel/event.h"
#include "kernel/wait_queue.h"
#include "objects/interposer.h"
#include "objects/transfer.h"

namespace objects {

class HotSwap;

// Forward and Block may follow each other any number of times; Transfer is entered from Block only. Completed and Aborted
// are final. Abandoned leads from Forward or Block to Aborted, while the reference is led past the mediator.
enum class Phase : uint8_t { Forward, Block, Transfer, Completed, Aborted, Abandoned };

const char* name_of(Phase phase);
// Whether calls from outside wait in this phase.
bool blocks_calls(Phase phase);

struct MediatorCounts {
    uint64_t forwarded = 0;
    uint64_t blocked = 0;
    uint64_t blocked_ns_max = 0;
};

// Invariant: in Forward every call that enters is tracked, on the CPU it entered; in Block and Transfer no call enters
// but those of threads that are inside already (recursion), which hold a record and are counted by it. So once Block
// was seen by every CPU the tracked calls only grow fewer, and none left means that nobody is inside the object.
//
// Locks: each CPU's slot guards its counter and its queue and is taken with interrupts off; under it only the
// scheduler's locks. The phase changes while all slots are locked one after the other, so that a call that saw the old
// phase has been counted when the change is done. The mediator is freed one generation after it was taken off its
// reference: until then a thread that loaded its face may still enter, and is sent back to the reference.
class Mediator final : public Interposer {
public:
    Mediator(HotSwap& swap, Reference reference) : Interposer(reference, Rank::Mediator), m_swap(swap) {}

    Route enter(const CallSite& site) override;
    void leave(const CallRecord& record) override;
    const char* kind() const override { return "mediator"; }

    HotSwap& swap() const { return m_swap; }
    Phase phase() const { return static_cast<Phase>(__atomic_load_n(&m_phase, __ATOMIC_ACQUIRE)); }
    // Takes the step if the phase is still `from`; wakes the blocked callers when it ends blocking.
    bool advance(Phase from, Phase to);
    // From whatever phase to Aborted. The reference leads past the mediator already.
    void send_back();

    // True when nobody is inside; meaningful from Block on.
    bool quiescent();
    // Until the last tracked call of some CPU leaves, or the deadline: the caller looks again either way.
    void wait_for_departure(uint64_t deadline_ns);
    void interrupt_wait() { m_departure.signal(); }
    // Blocks the calling thread as long as calls are blocked.
    void wait_while_blocked();

    MediatorCounts counts();
    // Calls that could not be tracked because their thread's records were full: the swap must not go on.
    bool overflowed() const { return __atomic_load_n(&m_overflowed, __ATOMIC_RELAXED); }

private:
    struct Slot {
        kernel::SpinLock lock;
        kernel::WaitQueue blocked;
        uint32_t tracked = 0;
        MediatorCounts counts;
    };

    enum class Admission : uint8_t { Tracked, Untracked, Restart, Again };
    Admission admit(const CallSite& site, unsigned& cpu);
    void block(Slot& slot, kernel::SpinGuard& guard);

    void tell_slots(Phase phase);

    HotSwap& m_swap;
    Slot m_slots[abi::MAX_CPUS];
    kernel::Event m_departure;
    // A Phase; the compiler's atomics take integers.
    uint8_t m_phase = static_cast<uint8_t>(Phase::Forward);
    bool m_overflowed = false;
};

}
