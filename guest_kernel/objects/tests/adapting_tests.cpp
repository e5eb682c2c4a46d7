// Callers that are held on their way while adaptors come, collapse and go.

#include "objects/tests/desk.h"
#include "objects/tests/item.h"
#include "objects/tests/steps.h"
#include "objects/tests/subject.h"

namespace objects::tests {

namespace {

using First = first_build::Desk;
using Second = second_build::Desk;

// One call that is only forwarded and one that is handled, from the hold point on.
struct HeldCalls {
    Ref<First> desk;
    Pair sum{};
    Status stored;
    uint64_t stored_through = 0;

    static void body(void* context)
    {
        auto& self = *static_cast<HeldCalls*>(context);
        EXPECT(self.desk->load().ok());
        Subject::mark_hold_point();
        self.sum = self.desk->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        self.stored = self.desk->store(5);
    }
    bool folded() const { return sum.low == 55 && sum.high == 159; }
    bool right() const { return folded() && stored.ok(); }
    // Each of them either done or refused, never something else.
    bool right_or_refused() const
    {
        const bool fold_refused = sum.low == static_cast<uint64_t>(Status(Code::GONE).raw());
        return (folded() || fold_refused) && (stored.ok() || stored == Code::GONE);
    }
};

template <typename RepType>
Reference make_desk_uncounted()
{
    CountedScope scope;
    return make_desk<RepType>();
}

Status adapt_uncounted(Reference reference, const AdaptorPlan& plan)
{
    CountedScope scope;
    return adaptors().adapt(reference, plan);
}

// Longer than the keeper takes when nobody holds it up.
void wait_for_the_keeper()
{
    adaptors().look_again();
    wait_for_a_swap();
}

void expect_value(Reference reference, uint64_t value)
{
    CountedScope scope;
    EXPECT(Ref<First>(reference)->load().value() == value);
}

kernel::Test removed{"adapting.caller_held_on_its_way_through_an_adaptor_that_goes", [] {
    stay_on_first_cpu();
    const Reference old = make_desk_uncounted<SecondDesk>();
    EXPECT(adaptors().pin(old, "test").ok());
    EXPECT(adapt_uncounted(old, for_probes).ok());
    const Reference canonical = table().canonical(old);
    const auto name = table().name(old);
    HeldCalls calls{Ref<First>(old), {}, Code::CANCELLED};
    Subject subject(HeldCalls::body, &calls);
    subject.wait_until_held();
    adaptors().unpin(old);
    wait_for_the_keeper();
    if (subject.held())
        EXPECT(table().find(name) == old);
    subject.let_go();
    EXPECT(calls.right_or_refused());
    adaptors().settle();
    EXPECT(table().find(name) == nullptr);
    destroy_and_drain(canonical);
}};

kernel::Test arriving{"adapting.caller_held_on_its_way_to_the_old_object", [] {
    stay_on_first_cpu();
    const Reference old = make_desk_uncounted<FirstDesk>();
    HeldCalls calls{Ref<First>(old), {}, Code::CANCELLED};
    Subject subject(HeldCalls::body, &calls);
    subject.wait_until_held();
    HotSwap* swap = nullptr;
    {
        CountedScope scope;
        swap = start_adapted_swap<SecondDesk>(old, lasting).value();
    }
    wait_for_a_swap();
    if (subject.held())
        EXPECT(!swap->finished());
    subject.let_go();
    end_swap(swap);
    EXPECT(calls.right());
    expect_value(old, 5);
    destroy_and_drain(old);
}};

kernel::Test destroyed{"adapting.caller_held_on_its_way_through_an_adaptor_whose_object_goes", [] {
    stay_on_first_cpu();
    const Reference old = make_desk_uncounted<SecondDesk>();
    EXPECT(adapt_uncounted(old, lasting).ok());
    adaptors().settle();
    HeldCalls calls{Ref<First>(old), {}, Code::CANCELLED};
    Subject subject(HeldCalls::body, &calls);
    subject.wait_until_held();
    {
        CountedScope scope;
        EXPECT(destroy(old).ok());
    }
    wait_for_the_keeper();
    // Whoever gets the entries next must not be called by mistake.
    const Reference others[] = {make_desk_uncounted<FirstDesk>(), make_desk_uncounted<FirstDesk>()};
    subject.let_go();
    EXPECT(calls.right_or_refused());
    adaptors().settle();
    for (const Reference other : others) {
        expect_value(other, 0);
        destroy_and_drain(other);
    }
}};

kernel::Test collapsing{"adapting.caller_held_while_two_adaptors_collapse", [] {
    stay_on_first_cpu();
    const Reference first = make_desk_uncounted<SecondDesk>();
    EXPECT(adapt_uncounted(first, lasting).ok());
    adaptors().settle();
    HeldCalls calls{Ref<First>(first), {}, Code::CANCELLED};
    Subject subject(HeldCalls::body, &calls);
    subject.wait_until_held();
    {
        CountedScope scope;
        EXPECT(adaptors().adapt_null(first).ok());
    }
    wait_for_the_keeper();
    subject.let_go();
    adaptors().settle();
    EXPECT(calls.right());
    expect_value(first, 5);
    destroy_and_drain(first);
}};

kernel::Test apart{"adapting.caller_held_while_two_adaptors_come_apart", [] {
    stay_on_first_cpu();
    const Reference first = make_desk_uncounted<SecondDesk>();
    EXPECT(adapt_uncounted(first, lasting).ok());
    const Reference second = table().canonical(first);
    {
        CountedScope scope;
        EXPECT(adaptors().adapt_null(second).ok());
    }
    adaptors().settle();
    HeldCalls calls{Ref<First>(first), {}, Code::CANCELLED};
    Subject subject(HeldCalls::body, &calls);
    subject.wait_until_held();
    {
        CountedScope scope;
        EXPECT(adaptors().unadapt(second).ok());
    }
    wait_for_the_keeper();
    subject.let_go();
    adaptors().settle();
    EXPECT(calls.right());
    expect_value(first, 5);
    destroy_and_drain(first);
}};

kernel::Test returning{"adapting.caller_held_while_the_object_goes_back", [] {
    stay_on_first_cpu();
    const Reference old = make_desk_uncounted<SecondDesk>();
    EXPECT(adapt_uncounted(old, lasting).ok());
    adaptors().settle();
    HeldCalls calls{Ref<First>(old), {}, Code::CANCELLED};
    Subject subject(HeldCalls::body, &calls);
    subject.wait_until_held();
    HotSwap* swap = nullptr;
    {
        CountedScope scope;
        swap = start_adapted_swap<FirstDesk>(old, backwards, old).value();
    }
    wait_for_a_swap();
    subject.let_go();
    end_swap(swap);
    adaptors().settle();
    EXPECT(calls.right());
    expect_value(old, 5);
    EXPECT(table().canonical(old) == old);
    destroy_and_drain(old);
}};

// Row 20: adaptor, lazy and chain on the way to one object.
kernel::Test marked{"adapting.marked_instance_behind_an_adaptor_is_converted_along_its_chain", [] {
    ItemClass items;
    auto item = items.make(7);
    {
        CountedScope scope;
        EXPECT(adaptors().adapt_null(item.reference()).ok());
    }
    const Reference canonical = table().canonical(item.reference());
    EXPECT(canonical != item.reference() && items.count(InstanceList::Current) == 1);
    items.change_to<2>();
    items.mark_all();
    items.change_to<3>();
    EXPECT(table().mark(canonical) == Mark::Marked);
    {
        CountedScope scope;
        // A marked object stays where it is.
        EXPECT(adaptors().unadapt(item.reference()).code() == Code::BUSY);
    }
    items.mark_all();
    expect_item(item, 3, 7);
    expect_item(Ref<Item>(canonical), 3, 7);
    EXPECT(items.count(InstanceList::Current) == 1 && items.count(InstanceList::Marked) == 0);
    adaptors().settle();
    {
        CountedScope scope;
        EXPECT(adaptors().unadapt(item.reference()).ok());
    }
    expect_item(item, 3, 7);
    EXPECT(items.count(InstanceList::Current) == 1);
    adaptors().settle();
}};

}

}
