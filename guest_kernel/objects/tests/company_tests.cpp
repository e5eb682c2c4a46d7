// A reference that is shared, with an arbiter and with the next object in the entry; and what a swap takes along.

#include "kernel/test_thread.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/elder.h"
#include "objects/tests/steps.h"

namespace objects::tests {

namespace {

kernel::Test arbiter_comes{"arbiter.stands_in_front_of_a_swap_that_was_there_before", [] {
    auto probe = make_used_probe();
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
    destroy_and_drain(probe.reference());
}};

kernel::Test left_over{"arbiter.goes_with_the_object_it_stands_before", [] {
    // The entry freed last is used first.
    drain_dead_objects();
    auto probe = make_used_probe();
    auto arbiter = CountingArbiter::attach(probe.reference());
    EXPECT(arbiter.ok());
    destroy_and_drain(probe.reference());
    auto next = make_used_probe();
    EXPECT(next.reference() == probe.reference());
    EXPECT(table().innermost(next.reference()) == nullptr);
    CountingArbiter::detach(arbiter.value());
    destroy_and_drain(next.reference());
}};

kernel::Test refused{"swap.refused_one_leaves_no_memory_behind", [] {
    auto probe = make_used_probe();
    const uint64_t alive = roots_alive;
    const auto bytes = kernel::usage(kernel::Tag::Interposer).bytes;
    Elder elder;
    HotSwap* swap = start_swap(probe);
    {
        CountedScope scope;
        EXPECT(swap_to<2>(probe.reference()).code() == Code::BUSY);
    }
    elder.leave();
    end_swap(swap);
    // Its threads end behind.
    kernel::wait_until([bytes] { return kernel::usage(kernel::Tag::Interposer).bytes == bytes; });
    EXPECT(roots_alive == alive);
    destroy_and_drain(probe.reference());
}};

kernel::Test reserved{"swap.arena_holds_what_was_reserved", [] {
    CountedScope allocates;
    const auto bytes = kernel::usage(kernel::Tag::Transfer).bytes;
    {
        TransferArena arena;
        EXPECT(arena.place(0, 1).code() == Code::TOO_LARGE);
        EXPECT(arena.reserve(64).ok() && arena.capacity() == 64);
        arena.reset();
        EXPECT(arena.place(0, 33).ok() && arena.parcel(0).size == 33);
        EXPECT(arena.place(1, 17).code() == Code::TOO_LARGE && arena.parcel(1).data == nullptr);
        EXPECT(arena.reserve(32).ok() && arena.capacity() == 64 && arena.parcel(0).size == 33);
        EXPECT(arena.reserve(96).ok() && arena.capacity() == 96 && arena.parcel(0).data == nullptr);
        EXPECT(arena.place(0, 33).ok() && arena.place(1, 33).ok());
        EXPECT(kernel::usage(kernel::Tag::Transfer).bytes == bytes + kernel::allocated_size(96));
    }
    EXPECT(kernel::usage(kernel::Tag::Transfer).bytes == bytes);
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
    end_swap(swap);
    expect_version(probe, 2);
    destroy_and_drain(probe.reference());
}};

// Counts how often what it holds was handed over and taken over.
class OwningRoot final : public SharedRoot<ProbeRep<1>> {
public:
    struct Moves {
        unsigned relinquished = 0;
        unsigned committed = 0;
        Status import_gives = {};
    };

    explicit OwningRoot(Moves* moves) : m_moves(*moves) {}

    FormatList exports() const override { return FormatList::of(probe_formats); }
    FormatList imports() const override { return FormatList::of(probe_formats); }
    Status export_state(const Format&, TransferSite, TransferArena&) const override { return {}; }
    Status import_state(const Format&, TransferSite, const Parcel&) override { return m_moves.import_gives; }
    void commit_import() override { ++m_moves.committed; }
    void relinquish() override { ++m_moves.relinquished; }

private:
    Moves& m_moves;
};

kernel::Owned<Root> make_owner(OwningRoot::Moves& moves)
{
    return kernel::Owned<Root>(kernel::make<OwningRoot>(kernel::Tag::Test, &moves));
}

kernel::Test ownership{"swap.ownership_moves_at_the_commit_and_only_then", [] {
    OwningRoot::Moves old_moves;
    OwningRoot::Moves failing{.import_gives = Code::IO_ERROR};
    OwningRoot::Moves new_moves;
    Reference reference = nullptr;
    {
        CountedScope scope;
        reference = publish(make_owner(old_moves)).value();
    }
    end_swap(start_swap(reference, make_owner(failing)), Code::IO_ERROR);
    EXPECT(old_moves.relinquished == 0 && failing.committed == 0);
    end_swap(start_swap(reference, make_owner(new_moves)));
    EXPECT(old_moves.relinquished == 1 && old_moves.committed == 0);
    EXPECT(new_moves.relinquished == 0 && new_moves.committed == 1);
    destroy_and_drain(reference);
}};

kernel::Test arbiter_memory{"arbiter.leaves_no_memory_behind", [] {
    auto probe = make_used_probe();
    const auto bytes = kernel::usage(kernel::Tag::Interposer).bytes;
    auto arbiter = CountingArbiter::attach(probe.reference());
    EXPECT(arbiter.ok() && kernel::usage(kernel::Tag::Interposer).bytes > bytes);
    CountingArbiter::detach(arbiter.value());
    EXPECT(kernel::usage(kernel::Tag::Interposer).bytes == bytes);
    destroy_and_drain(probe.reference());
}};

}

}
