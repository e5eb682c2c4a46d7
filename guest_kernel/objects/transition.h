// One class on its way from one version to another.
#pragma once

#include "kernel/event.h"
#include "kernel/guarded.h"
#include "objects/converters.h"
#include "objects/instance_set.h"
#include "objects/update_record.h"

namespace objects {

// Forward is an update's, back is how it is taken back: the same steps with the versions exchanged.
enum class Direction : uint8_t { Forward, Back };

struct TransitionOptions {
    // Instances are left to their first callers and to idle time.
    bool lazy = false;
    // Virtual time that a step may take before the update cancels itself: each forward and block phase, and the marking.
    uint64_t step_limit_ns = 10'000'000'000;
};

// The steps of a dynamic update, for one class. While it lasts the class' record refers to it, and a second one is refused.
//
//   factory   a new factory takes over the class' well-known reference and, with it, the set of instances: from the commit
//             on every new instance is of the target version, and what there is counts as old
//   mark      on all CPUs side by side: from now on a call converts the instance that it comes to. Those that were called
//             before nobody was inside a marked one any more are swapped with their callers
//   convert   eager: each instance is brought to the target version, one version after the other. Lazy: they are left to
//             their callers and to idle time
//   clean-up  one more generation, after which nobody is in code of the other version
//
// It works in a guarded thread, for it calls code of the module: one that faults ends the transition and nothing else.
// The thread that asked for it watches the time meanwhile. Until the factory is swapped a failure leaves everything as it
// was; afterwards a failure forward is for the caller to take back.
class Transition {
public:
    Transition(Update& update, ClassChange& change, Direction direction, const TransitionOptions& options = {});
    Transition(const Transition&) = delete;
    Transition& operator=(const Transition&) = delete;

    // Returns when it is over. BUSY during another one of the class, NO_MEMORY, the update's verdict once it was
    // cancelled, or what the first instance failed with. For threads that are not counted.
    Status run();

private:
    enum class Step : uint8_t { Factory, Mark, Convert, CleanUp };
    static const char* name_of(Step step);

    static Status work(uint64_t self);
    static void work_ended(uint64_t self, const kernel::GuardedOutcome& outcome);
    Status carry_out();
    SwapOptions swap_options() const;
    Status swap_factory();
    Result<HotSwap*> start_factory_swap();
    void forget_failures();
    Status mark_instances();
    Status convert_instances();
    Status await_converters(Converters& converters);
    Status failure();
    Status first_failure();
    Status verdict_with_its_cause();

    Status supervise();
    void check_time();
    void enter(Step step);
    bool cancelled() const { return m_direction == Direction::Forward && !m_update.verdict().ok(); }
    const ClassDescriptor& target() const;

    Update& m_update;
    ClassChange& m_change;
    Direction m_direction;
    const TransitionOptions m_options;
    kernel::Event m_finished;
    Status m_outcome;
    // Written by the worker, read by who watches the time.
    uint64_t m_step_since_ns = 0;
    uint8_t m_step = 0;
    // The start of the step of which it was told that it takes too long.
    uint64_t m_told_ns = 0;
};

// Callers of an update that was cancelled convert nothing any more.
void give_up_conversions_of(const Update& update);
// Ends the swaps forward that an update has under way and that have not committed: taking back may have begun already.
void abort_swaps_of(const Update& update, Code reason);

}
