// Replacing one object's implementation while it is in use.
#pragma once

#include "objects/conversion.h"
#include "objects/mediator.h"
#include "objects/transfer_team.h"

namespace objects {

struct AdaptedReference;
struct AdaptorGroup;
struct AdaptorPlan;

struct SwapOptions {
    // Virtual time that all attempts to block may take together.
    uint64_t time_limit_ns = 10'000'000'000;
    // How often a block phase that leads nowhere goes back to forward before the swap is given up.
    unsigned attempts = 3;
    // Id of the update that it belongs to, 0 for none.
    uint64_t update = 0;
    // It takes back what that update has changed: a cancel of the update does not end it.
    bool takes_back = false;
    // The new object has another interface and a reference of its own; callers of the old one get an adaptor.
    const AdaptorPlan* adaptor = nullptr;
    // With an adaptor: not a new reference, but this one, which was adapted before.
    Reference back_to = nullptr;
    // The same for an instance of a class all of which change their interface.
    AdaptorGroup* group = nullptr;
};

// When a CPU was in a phase; virtual ns. Of repeated phases the last.
struct PhaseTimes {
    uint64_t start_ns = 0;
    uint64_t end_ns = 0;
};
inline constexpr unsigned logged_phases = 4;

class HotSwap;

// Told of each swap by the swap's own thread, in thread context; calls no object.
class SwapListener {
public:
    virtual void phase_began(const HotSwap& swap, Phase phase) = 0;
    virtual void swap_ended(const HotSwap& swap) = 0;

protected:
    ~SwapListener() = default;
};
void set_swap_listener(SwapListener* listener);

// One swap from request to clean-up. It runs in a thread of its own, the leader, with a team for the transfer; none of
// them is counted in a generation, for the leader waits for one. All of it is allocated at the start: after that only
// growing the transfer arena can fail, and that is in forward.
//
//   forward    calls meet the mediator and are tracked; one generation passes on every CPU: then all calls are tracked.
//              An object that was never called needs no generation
//   block      new calls wait, tracked ones leave; back to forward when that leads nowhere (deadlock, arena too small)
//   transfer   export on every CPU of the set, then import on every one
//   complete   the reference leads to the new object, the blocked calls go there; one generation later mediator and old
//              object are freed
//
// The verdict decides between commit and abort, once: whoever sets it first. Until then an abort leads back: the old
// object stays, the new one is destroyed. In either case the reference is swung before the mediator lets its callers
// go, so that none of them meets the mediator again.
class HotSwap {
public:
    // Starts a swap of the object behind `reference` for `replacement`, which it takes over in any case. Refused with
    // BUSY during another swap of the object, GONE, NO_FORMAT, INVALID (another kind of interface) or NO_MEMORY: then
    // nothing has changed. The caller releases what it gets.
    static Result<HotSwap*> start(Reference reference, kernel::Owned<Root> replacement, const SwapOptions& options = {});

    // Until everything is over, clean-up included. Only for threads that are not counted in a generation.
    Status wait();
    bool finished() const { return m_finished.signalled(); }
    // Meaningful once finished.
    Status outcome() const { return m_outcome; }
    // Ends the swap with `reason` if it has not committed, else REFUSED. Callers go back to the old object at once, or
    // when the transfer that is under way is over; what must wait for a generation goes on behind. For the requester,
    // and for counted threads.
    Status abort(Code reason);
    // The requester's last word. After wait() it frees everything before it returns.
    void release();

    uint64_t id() const { return m_id; }
    uint64_t update() const { return m_options.update; }
    bool takes_back() const { return m_options.takes_back; }
    Reference reference() const { return m_mediator.reference(); }
    // The object's own afterwards: another one when an adaptor has taken its place. Meaningful once finished.
    Reference reference_now() const { return m_reference_now; }
    Phase phase() const { return m_mediator.phase(); }
    // Meaningful once finished.
    MediatorCounts counts() const { return m_counts; }
    const ClassDescriptor& old_class() const { return m_conversion.old_class(); }
    const ClassDescriptor& new_class() const { return m_conversion.new_class(); }
    // CPUs whose share of the state was transferred.
    CpuSet cpus() const { return m_conversion.cpus(); }
    PhaseTimes times(unsigned cpu, Phase phase) const { return m_times[cpu][static_cast<unsigned>(phase)]; }

    // For the object system: made by start.
    HotSwap(Reference reference, kernel::Owned<Root> replacement, const SwapOptions& options);
    ~HotSwap();
    Mediator& mediator() { return m_mediator; }

private:
    static constexpr int64_t undecided = 1;
    static constexpr int64_t committed = 0;

    enum class Custody : uint8_t { Both, RequesterGone, LeaderDone };
    class Export;
    class Import;

    static Status prepare_guarded(HotSwap& swap);
    Status prepare();
    Status prepare_adaptor();
    static void leader_entry(uint64_t argument);
    void lead();
    Status run_phases();
    Status block_and_transfer(uint64_t deadline_ns);
    Status reach_quiescence(uint64_t deadline_ns);
    Status transfer();
    void commit();
    void retreat();
    void send_callers_back();
    void finish(Status outcome);
    void clean_up();
    bool take_custody(Custody custody);
    void free();

    bool decide(int64_t verdict);
    Status verdict() const;
    void begin(Phase phase);

    Mediator m_mediator;
    SwapOptions m_options;
    Conversion m_conversion;
    TransferTeam m_team;
    uint64_t m_id;
    int64_t m_verdict = undecided;
    AdaptedReference* m_adapted = nullptr;
    Reference m_reference_now;
    // Signalled when the mediator is in place, or will never be.
    kernel::Event m_go;
    bool m_interposed = false;
    // Whether calls may be inside that came before the mediator.
    bool m_used = true;
    kernel::Event m_finished;
    Status m_outcome;
    MediatorCounts m_counts;
    PhaseTimes m_times[abi::MAX_CPUS][logged_phases] = {};
    // Who frees it: whoever of leader and requester is done last. A Custody; the compiler's atomics take integers.
    uint8_t m_custody = static_cast<uint8_t>(Custody::Both);
};

// The swap that holds this object, or null. For counted threads: it stays until their generation is over.
HotSwap* swap_of(Reference reference);

}
