// A marker that the schedule holds anywhere on its way (tests/subtleties), and what others do to its instances then.

#include "kernel/test_thread.h"
#include "objects/adaptation.h"
#include "objects/converters.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/elder.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

// Two instances: the first of a class is looked at under its lock, the second is marked by one exchange. Whatever comes
// may have to wait for a lock that the marker has, hence beside the test.
struct TwoItems {
    TwoItems()
    {
        for (auto& item : all)
            item = items.make(0);
        items.change_to<2>();
    }
    void end()
    {
        put_marks_in_force(items.record());
        Converters converters(items.record());
        EXPECT(converters.start(kernel::default_priority).ok());
        converters.wait();
    }

    ItemClass items;
    Ref<Item> all[2];
};

class HeldMarker {
public:
    explicit HeldMarker(ItemClass& items) : m_subject(mark, &items, kernel::last_cpu(), false)
    {
        m_subject.wait_until_held();
    }
    void let_go() { m_subject.let_go(); }

private:
    static void mark(void* context)
    {
        auto& items = *static_cast<ItemClass*>(context);
        begin_marking(items.record());
        Subject::mark_hold_point();
        mark_home(items.record(), 0);
    }

    Subject m_subject;
};

// An arbiter that is attached meets every call that starts afterwards, so no CPU may be forgotten before it is flushed.
kernel::Test arbiter{"interleaving.marker_held_while_an_arbiter_comes", [] {
    stay_on_first_cpu();
    TwoItems two;
    HeldMarker marker(two.items);
    struct Attach {
        Ref<Item> item;
        CountingArbiter* arbiter = nullptr;
        static void body(void* context)
        {
            auto& self = *static_cast<Attach*>(context);
            self.arbiter = CountingArbiter::attach(self.item.reference()).value();
            EXPECT(self.item->add(1).ok());
            EXPECT(self.arbiter->counts(compiled_slot(&Item::add)).calls == 1);
        }
    } attached[2] = {{two.all[0]}, {two.all[1]}};
    Helper first(Attach::body, &attached[0], 0);
    Helper second(Attach::body, &attached[1], 0);
    wait_for_a_swap();
    marker.let_go();
    first.join();
    second.join();
    two.end();
    for (auto& each : attached) {
        CountingArbiter::detach(each.arbiter);
        expect_item(each.item, 2, 1);
    }
}};

// Row 21: an instance is marked or in a swap, never both.
kernel::Test swap{"interleaving.marker_held_while_swaps_start", [] {
    stay_on_first_cpu();
    TwoItems two;
    Elder elder;
    HeldMarker marker(two.items);
    struct Start {
        Ref<Item> item;
        HotSwap* swap = nullptr;
        static void body(void* context)
        {
            auto& self = *static_cast<Start*>(context);
            kernel::Owned<Root> root(kernel::make<ItemRoot<2>>(kernel::Tag::Test));
            const auto started = HotSwap::start(self.item.reference(), static_cast<kernel::Owned<Root>&&>(root));
            EXPECT(started.ok() || started.code() == Code::BUSY);
            self.swap = started.ok() ? started.value() : nullptr;
        }
    } started[2] = {{two.all[0]}, {two.all[1]}};
    Helper first(Start::body, &started[0], 0);
    Helper second(Start::body, &started[1], 0);
    wait_for_a_swap();
    marker.let_go();
    first.join();
    second.join();
    for (auto& each : started)
        EXPECT((each.swap == nullptr) == (table().mark(each.item.reference()) == Mark::Marked));
    elder.leave();
    for (auto& each : started) {
        if (each.swap != nullptr)
            end_swap(each.swap);
    }
    two.end();
    for (const auto& item : two.all)
        expect_item(item, 2, 0);
}};

// While it lives the class seems to have no factory: who destroys an instance takes it out of its list afterwards, as when a
// swap changes its class.
class WithoutFactory {
public:
    explicit WithoutFactory(ClassRecord& record) : m_record(record), m_factory(record.factory) { show(nullptr); }
    ~WithoutFactory() { show(m_factory); }
    WithoutFactory(const WithoutFactory&) = delete;
    WithoutFactory& operator=(const WithoutFactory&) = delete;

private:
    void show(Reference factory) { __atomic_store_n(&m_record.factory, factory, __ATOMIC_RELEASE); }

    ClassRecord& m_record;
    const Reference m_factory;
};

void destroy_both_while_a_marker_is_held(TwoItems& two)
{
    HeldMarker marker(two.items);
    const auto destroy_one = [](void* item) {
        EXPECT(destroy(static_cast<Ref<Item>*>(item)->reference()).ok());
    };
    Helper first(destroy_one, &two.all[0], 0);
    Helper second(destroy_one, &two.all[1], 0);
    wait_for_a_swap();
    marker.let_go();
    first.join();
    second.join();
    drain_dead_objects();
    EXPECT(item_roots == 0 && two.items.set().count() == 0);
}

void expect_nothing_stays_marked(TwoItems& two)
{
    two.end();
    const auto next = two.items.make(3);
    EXPECT(table().mark(next.reference()) == Mark::None);
}

kernel::Test destroyer{"interleaving.marker_held_while_its_instances_are_destroyed", [] {
    stay_on_first_cpu();
    TwoItems two;
    destroy_both_while_a_marker_is_held(two);
    expect_nothing_stays_marked(two);
}};

kernel::Test retirer{"interleaving.marker_held_while_its_instances_are_retired", [] {
    stay_on_first_cpu();
    TwoItems two;
    {
        const WithoutFactory ends_before_it_leaves_its_list(two.items.record());
        destroy_both_while_a_marker_is_held(two);
    }
    expect_nothing_stays_marked(two);
}};

}

}
