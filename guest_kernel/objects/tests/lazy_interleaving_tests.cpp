// What marking and lazy conversion meet: somebody who stands at the worst place, which the schedule sweeps over
// (tests/subtleties).

#include "kernel/test_thread.h"
#include "objects/converters.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

// Adds to an item, the first time from before the hold point.
struct HeldCall {
    explicit HeldCall(Ref<Item> target) : item(target) {}

    Ref<Item> item;

    static void body(void* context)
    {
        auto& self = *static_cast<HeldCall*>(context);
        EXPECT(self.item->add(1).ok());
        first_call(context);
    }
    static void first_call(void* context)
    {
        auto& self = *static_cast<HeldCall*>(context);
        Subject::mark_hold_point();
        EXPECT(self.item->add(1).ok());
    }
};

// Puts marks in force beside the test.
struct InForce {
    explicit InForce(ItemClass& its_items) : items(its_items) {}

    ItemClass& items;
    bool done = false;

    void operator()()
    {
        put_marks_in_force(items.record());
        __atomic_store_n(&done, true, __ATOMIC_RELEASE);
    }
    bool is_done() const { return __atomic_load_n(&done, __ATOMIC_ACQUIRE); }
};

void convert_all(ItemClass& items)
{
    Converters converters(items.record());
    EXPECT(converters.start(kernel::default_priority).ok());
    converters.wait();
}

const kernel::ThreadOptions beside{"beside", kernel::default_priority, 0, false};

kernel::Test inside{"interleaving.lazy_caller_held_on_its_way_to_the_old_version", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(0);
    items.change_to<2>();
    HeldCall call(item);
    Subject subject(HeldCall::body, &call);
    subject.wait_until_held();
    items.set_marks();
    InForce in_force(items);
    {
        kernel::TestThread marker(beside, [&in_force] { in_force(); });
        wait_for_a_swap();
        if (subject.held())
            EXPECT(!in_force.is_done());
        subject.let_go();
    }
    expect_item(item, items.count(InstanceList::Promoted) == 0 ? 2 : 1, 2);
    convert_all(items);
    expect_item(item, 2, 2);
}};

kernel::Test between{"interleaving.lazy_caller_held_at_a_mark_that_is_not_in_force", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(0);
    items.change_to<2>();
    items.set_marks();
    HeldCall call(item);
    Subject subject(HeldCall::first_call, &call);
    subject.wait_until_held();
    InForce in_force(items);
    {
        kernel::TestThread marker(beside, [&in_force] { in_force(); });
        wait_for_a_swap();
        subject.let_go();
    }
    // Whoever was let in is out, or its instance is set aside: what is marked now has nobody inside.
    const bool promoted = items.count(InstanceList::Promoted) == 1;
    EXPECT(promoted == (items.counts().promoted == 1));
    EXPECT(items.count(InstanceList::Marked) + items.count(InstanceList::Current) == (promoted ? 0 : 1));
    convert_all(items);
    expect_item(item, 2, 1);
}};

kernel::Test first_caller{"interleaving.lazy_first_caller_held_keeps_nobody_out", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(0);
    items.change_to<2>();
    items.mark_all();
    HeldCall call(item);
    Subject subject(HeldCall::first_call, &call);
    subject.wait_until_held();
    // Its CPU may be held with an entry's lock, hence beside the test.
    struct Second {
        Ref<Item> item;
        static void body(void* context) { EXPECT(static_cast<Second*>(context)->item->add(1).ok()); }
    } second{item};
    Helper helper(Second::body, &second, 0);
    wait_for_a_swap();
    subject.let_go();
    helper.join();
    expect_item(item, 2, 2);
    EXPECT(items.counts().converted == 1 && items.counts().failed == 0);
    drain_dead_objects();
    EXPECT(item_roots == 1);
}};

// Calls an item whose conversion the schedule may hold, on the last CPU, from its preparation to its end.
class HeldConversion {
public:
    explicit HeldConversion(Ref<Item> item) : m_item(item)
    {
        item_script.preparing = [](void*) {
            item_script.preparing = nullptr;
            Subject::mark_hold_point();
        };
        m_caller = kernel::Owned<Helper>(kernel::make<Helper>(kernel::Tag::Test, add_one, &m_item, kernel::last_cpu()));
        wait_for_a_swap();
    }
    void let_go()
    {
        arch::mark(static_cast<uint64_t>(abi::HoldMark::LET_GO));
        m_caller->join();
    }

    static void add_one(void* context)
    {
        // Refused when it was destroyed meanwhile.
        static_cast<Ref<Item>*>(context)->operator->()->add(1).ignore();
    }

private:
    Ref<Item> m_item;
    kernel::Owned<Helper> m_caller;
};

kernel::Test converting{"interleaving.lazy_conversion_held_while_another_calls", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(0);
    items.change_to<2>();
    items.mark_all();
    HeldConversion conversion(item);
    Helper second(HeldConversion::add_one, &item, 0);
    wait_for_a_swap();
    conversion.let_go();
    second.join();
    expect_item(item, 2, 2);
    EXPECT(items.counts().converted == 1 && items.counts().failed == 0);
    EXPECT(items.count(InstanceList::Current) == 1);
    drain_dead_objects();
    EXPECT(item_roots == 1);
}};

void destroy_item(void* context)
{
    EXPECT(destroy(static_cast<Ref<Item>*>(context)->reference()).ok());
}

kernel::Test destroyed{"interleaving.lazy_conversion_held_while_its_instance_is_destroyed", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(0);
    items.change_to<2>();
    items.mark_all();
    HeldConversion conversion(item);
    Helper destroyer(destroy_item, &item, 0);
    wait_for_a_swap();
    conversion.let_go();
    destroyer.join();
    drain_dead_objects();
    EXPECT(item_roots == 0 && items.set().count() == 0);
    // Whoever has the entry next is not marked.
    auto next = items.make(1);
    EXPECT(table().mark(next.reference()) == Mark::None);
    expect_item(next, 2, 1);
}};

kernel::Test destroyer{"interleaving.lazy_destroyer_held_while_its_instance_is_converted", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(0);
    items.change_to<2>();
    items.mark_all();
    Subject subject([](void* context) {
        Subject::mark_hold_point();
        destroy_item(context);
    }, &item);
    subject.wait_until_held();
    Helper caller(HeldConversion::add_one, &item, 0);
    wait_for_a_swap();
    subject.let_go();
    caller.join();
    drain_dead_objects();
    EXPECT(item_roots == 0 && items.set().count() == 0);
}};

kernel::Test marker{"interleaving.lazy_marker_held_while_others_call", [] {
    stay_on_first_cpu();
    ItemClass items;
    Ref<Item> all[4];
    for (auto& item : all)
        item = items.make(0);
    items.change_to<2>();
    Subject subject([](void* context) {
        auto& held = *static_cast<ItemClass*>(context);
        Subject::mark_hold_point();
        held.set_marks();
    }, &items, kernel::last_cpu(), false);
    subject.wait_until_held();
    kernel::Owned<Helper> callers[4];
    for (unsigned i = 0; i < 4; ++i)
        callers[i] = kernel::Owned<Helper>(kernel::make<Helper>(kernel::Tag::Test, HeldConversion::add_one, &all[i], 0));
    wait_for_a_swap();
    subject.let_go();
    for (auto& caller : callers)
        caller->join();
    put_marks_in_force(items.record());
    convert_all(items);
    for (auto& item : all)
        expect_item(item, 2, 1);
    EXPECT(items.count(InstanceList::Current) == 4);
}};

// Row 12: between picking an instance from the list and converting it.
kernel::Test picked{"interleaving.lazy_converter_held_while_its_instance_is_destroyed", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(0);
    items.change_to<2>();
    items.mark_all();
    ReferenceName name = table().name(item.reference());
    Subject subject([](void* context) {
        Subject::mark_hold_point();
        convert_named(*static_cast<ReferenceName*>(context), kernel::default_priority);
    }, &name, kernel::last_cpu(), false);
    subject.wait_until_held();
    Helper destroys(destroy_item, &item, 0);
    wait_for_a_swap();
    // In the same entry, if the destroyed one could be freed: marked like the other, and not the converter's business.
    items.change_to<1>();
    auto next = items.make(9);
    items.change_to<2>();
    items.set_marks();
    const bool reused = next.reference() == item.reference();
    const uint64_t commits = item_commits;
    subject.let_go();
    destroys.join();
    if (reused)
        EXPECT(item_commits == commits && table().mark(next.reference()) == Mark::Marked);
    put_marks_in_force(items.record());
    expect_item(next, 2, 9);
}};

// What a call costs nobody but its caller: a hundred callers of as many instances, on all CPUs.
kernel::Test storm{"interleaving.lazy_storm_of_calls_and_rounds", [] {
    constexpr unsigned count = 12;
    constexpr unsigned rounds = 6;
    ItemClass items;
    struct Load {
        Ref<Item> all[count];
        bool stop = false;
        uint64_t added = 0;
        static void body(void* context)
        {
            auto& self = *static_cast<Load*>(context);
            for (unsigned i = 0; !__atomic_load_n(&self.stop, __ATOMIC_ACQUIRE); ++i) {
                // A fresh thread for each burst would be a quiescent point as well.
                kernel::leave_generation();
                kernel::enter_generation();
                EXPECT(self.all[i * 5 % count]->add(1).ok());
                __atomic_fetch_add(&self.added, 1, __ATOMIC_RELAXED);
            }
        }
    } load;
    for (auto& item : load.all)
        item = items.make(0);
    {
        kernel::Owned<Helper> callers[2];
        for (int i = 0; i < 2; ++i)
            callers[i] = kernel::Owned<Helper>(kernel::make<Helper>(
                kernel::Tag::Test, Load::body, &load, i == 0 ? 0 : kernel::last_cpu()));
        for (unsigned round = 0; round < rounds; ++round) {
            if (round % 2 == 0)
                items.change_to<2>();
            else
                items.change_to<1>();
            items.unmark_all();
            items.mark_all();
            if (round % 3 == 0)
                convert_all(items);
        }
        __atomic_store_n(&load.stop, true, __ATOMIC_RELEASE);
        for (auto& caller : callers)
            caller->join();
    }
    convert_all(items);
    EXPECT(items.count(InstanceList::Current) == count && items.counts().failed == 0);
    CountedScope scope;
    uint64_t sum = 0;
    for (auto& item : load.all)
        sum += item->value().value();
    EXPECT(sum == load.added);
}};

}

}
