// A reference that is shared: with an arbiter, with the next object in the entry; and an arena that is too small.

#include "kernel/test.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/elder.h"
#include "objects/tests/probe.h"

namespace objects::tests {

namespace {

Ref<Probe> make_probe()
{
    CountedScope scope;
    auto probe = create<ProbeRoot<1>>();
    EXPECT(probe.ok() && probe.value()->version().ok());
    return probe.value();
}

HotSwap* start_swap(Ref<Probe> probe)
{
    CountedScope scope;
    auto swap = swap_to<2>(probe.reference());
    EXPECT(swap.ok());
    return swap.value();
}

void destroy_now(Ref<Probe> probe)
{
    {
        CountedScope scope;
        EXPECT(destroy(probe.reference()).ok());
    }
    drain_dead_objects();
}

kernel::Test arbiter_comes{"arbiter.stands_in_front_of_a_swap_that_was_there_before", [] {
    auto probe = make_probe();
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    auto arbiter = CountingArbiter::attach(probe.reference());
    EXPECT(arbiter.ok());
    {
        CountedScope scope;
        EXPECT(table().innermost(probe.reference()) == &swap->mediator());
        EXPECT(swap_of(probe.reference()) == swap);
        EXPECT(probe->version().value() == 1);
    }
    elder.leave();
    EXPECT(swap->wait().ok());
    EXPECT(swap->counts().forwarded == 1);
    swap->release();
    {
        CountedScope scope;
        EXPECT(table().innermost(probe.reference()) == arbiter.value());
        EXPECT(probe->version().value() == 2);
    }
    CountingArbiter::detach(arbiter.value());
    destroy_now(probe);
}};

kernel::Test left_over{"arbiter.goes_with_the_object_it_stands_before", [] {
    // The entry freed last is used first.
    drain_dead_objects();
    auto probe = make_probe();
    auto arbiter = CountingArbiter::attach(probe.reference());
    EXPECT(arbiter.ok());
    destroy_now(probe);
    auto next = make_probe();
    EXPECT(next.reference() == probe.reference());
    EXPECT(table().innermost(next.reference()) == nullptr);
    CountingArbiter::detach(arbiter.value());
    destroy_now(next);
}};

// Asks for less than its export takes, the first time.
class GrowingRoot final : public SharedRoot<ProbeRep<1>> {
public:
    FormatList exports() const override { return FormatList::of(probe_formats); }
    size_t transfer_size(const Format&) const override
    {
        const bool first = !m_asked;
        m_asked = true;
        return first ? state_size / 2 : state_size;
    }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        return site.first() ? arena.place(site.cpu, state_size) : Status();
    }

private:
    static constexpr size_t state_size = 64;
    mutable bool m_asked = false;
};

kernel::Test grows{"swap.arena_grows_with_the_object", [] {
    Ref<Probe> probe;
    {
        CountedScope scope;
        probe = Ref<Probe>(publish(kernel::Owned<Root>(kernel::make<GrowingRoot>(kernel::Tag::Test))).value());
    }
    HotSwap* swap = start_swap(probe);
    EXPECT(swap->wait().ok());
    swap->release();
    {
        CountedScope scope;
        EXPECT(probe->version().value() == 2);
    }
    destroy_now(probe);
}};

}

}
