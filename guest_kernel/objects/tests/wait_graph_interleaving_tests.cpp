// A search for a deadlock that the schedule holds anywhere on its way (tests/subtleties), and waits that change meanwhile.

#include "kernel/mutex.h"
#include "objects/hot_swap.h"
#include "objects/mediator.h"
#include "objects/tests/elder.h"
#include "objects/tests/steps.h"
#include "objects/tests/subject.h"
#include "objects/wait_graph.h"

namespace objects::tests {

namespace {

// Inside the object, where it wants the mutex when it is told so.
struct Wanter {
    Wanter(Ref<Probe> target, kernel::Mutex& wanted) : probe(target), mutex(wanted), thread({"wanter"}, Call{this})
    {
        inside.wait();
    }
    void want()
    {
        go_on.signal();
        kernel::wait_until([this] { return thread.thread()->waiting_on().kind == kernel::WaitKind::Mutex; });
    }

    struct Call {
        Wanter* self;
        void operator()() const { EXPECT(self->probe->visit(act, self).ok()); }
    };
    static void act(void* context)
    {
        auto& self = *static_cast<Wanter*>(context);
        self.inside.signal();
        self.go_on.wait();
        kernel::MutexGuard guard(self.mutex);
    }

    Ref<Probe> probe;
    kernel::Mutex& mutex;
    kernel::Event inside;
    kernel::Event go_on;
    kernel::TestThread<Call> thread;
};

// Has the mutex until it is told to give it back; calls the object then, with another mutex that somebody might want.
struct Holder {
    Holder(Ref<Probe> target, kernel::Mutex& held) : probe(target), mutex(held), thread(body, this, 0) { has_it.wait(); }

    static void body(void* context)
    {
        auto& self = *static_cast<Holder*>(context);
        kernel::Mutex another;
        kernel::MutexGuard guard(another);
        self.mutex.lock();
        self.has_it.signal();
        self.give_back.wait();
        self.mutex.unlock();
        EXPECT(self.probe->version().ok());
    }

    Ref<Probe> probe;
    kernel::Mutex& mutex;
    kernel::Event has_it;
    kernel::Event give_back;
    Helper thread;
};

// Has nothing to do with it, but has to be looked at.
struct Bystander {
    void leave()
    {
        may_leave.signal();
        thread.join();
    }

    kernel::Event may_leave;
    Helper thread{[](void* event) { static_cast<kernel::Event*>(event)->wait(); }, &may_leave};
};

struct Search {
    const Mediator& mediator;
    bool found = false;

    static void body(void* context)
    {
        auto& self = *static_cast<Search*>(context);
        Subject::mark_hold_point();
        self.found = deadlocked(self.mediator);
    }
};

// Row 8. The wanter waits for the holder while that has the mutex, the mediator blocks the holder when it has it no more:
// never both.
kernel::Test changing{"interleaving.deadlock_search_held_while_the_waits_change", [] {
    stay_on_first_cpu();
    auto probe = make_used_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    kernel::Mutex mutex;
    Wanter wanter(probe, mutex);
    Bystander looked_at_in_between[8];
    Holder holder(probe, mutex);
    wanter.want();
    elder.leave();
    kernel::wait_until([swap] { return swap->phase() == Phase::Block; });
    Search search{*static_cast<const Mediator*>(table().innermost(probe.reference()))};
    Subject subject(Search::body, &search, kernel::last_cpu(), false);
    // Nobody asks whether it is held: it may have the lock that this takes.
    kernel::sleep_until(kernel::now_ns() + 100 * kernel::microsecond);
    holder.give_back.signal();
    kernel::sleep_until(kernel::now_ns() + 200 * kernel::microsecond);
    subject.let_go();
    EXPECT(!search.found);
    wanter.thread.join();
    for (auto& each : looked_at_in_between)
        each.leave();
    holder.thread.join();
    end_swap(swap);
    destroy_and_drain(probe.reference());
}};

}

}
