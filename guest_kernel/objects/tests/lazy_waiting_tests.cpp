// Lazy update: who waits for whom while an instance is converted.

#include "kernel/test_thread.h"
#include "objects/tests/elder.h"
#include "objects/tests/held_export.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

// One call from a thread of its own, which notes what it found.
struct Call {
    explicit Call(Ref<Item> target) : item(target) {}

    Ref<Item> item;
    uint64_t version = 0;
    bool done = false;

    static void body(void* context)
    {
        auto& self = *static_cast<Call*>(context);
        self.version = self.item->version().value();
        __atomic_store_n(&self.done, true, __ATOMIC_RELEASE);
    }
    bool is_done() const { return __atomic_load_n(&done, __ATOMIC_ACQUIRE); }
};

kernel::Test second_caller{"lazy.second_caller_of_an_instance_waits_and_others_do_not", [] {
    ItemClass items;
    auto item = items.make(1);
    auto other = items.make(2);
    items.change_to<2>();
    items.mark_all();
    HeldExport hold;
    Call first(item);
    Call second(item);
    Helper converts(Call::body, &first);
    hold.wait_for_one();
    Helper waits(Call::body, &second);
    wait_for_a_swap();
    EXPECT(!first.is_done() && !second.is_done());
    EXPECT(table().mark(item.reference()) == Mark::Converting);
    expect_item(other, 2, 2);
    hold.go_on.signal();
    converts.join();
    waits.join();
    EXPECT(first.version == 2 && second.version == 2);
    EXPECT(items.counts().converted == 2);
}};

kernel::Test many_callers{"lazy.many_first_callers_convert_once", [] {
    constexpr unsigned callers = 8;
    ItemClass items;
    auto item = items.make(5);
    items.change_to<2>();
    items.mark_all();
    const uint64_t commits = item_commits;
    const auto add = [](void* context) {
        EXPECT(static_cast<Ref<Item>*>(context)->operator->()->add(1).ok());
    };
    kernel::Owned<Helper> helpers[callers];
    for (unsigned i = 0; i < callers; ++i) {
        const int cpu = static_cast<int>(i % arch::cpu_count());
        helpers[i] = kernel::Owned<Helper>(kernel::make<Helper>(kernel::Tag::Test, add, &item, cpu));
    }
    for (auto& helper : helpers)
        helper->join();
    expect_item(item, 2, 5 + callers);
    EXPECT(items.counts().converted == 1 && item_commits == commits + 1);
}};

kernel::Test generation{"lazy.conversion_waits_for_no_generation", [] {
    ItemClass items;
    auto item = items.make(1);
    items.change_to<2>();
    items.mark_all();
    const uint64_t waits = kernel::generations().waits();
    Elder never_leaves;
    expect_item(item, 2, 1);
    // The reaper's, for the old root.
    EXPECT(kernel::generations().waits() <= waits + 1);
    never_leaves.leave();
}};

kernel::Test crosswise{"lazy.two_instances_in_conversion_call_each_other", [] {
    ItemClass items;
    auto first = items.make(1);
    auto second = items.make(2);
    struct Way {
        Ref<Item> from;
        Ref<Item> to;
        uint64_t version = 0;
        static void go(void* context)
        {
            auto& self = *static_cast<Way*>(context);
            EXPECT(self.from->visit(there, context).ok());
        }
        static void there(void* context)
        {
            auto& self = *static_cast<Way*>(context);
            self.version = self.to->version().value();
        }
    } there{first, second}, back{second, first};
    items.change_to<2>();
    items.mark_all();
    Helper one(Way::go, &there, 0);
    Helper other(Way::go, &back, kernel::last_cpu());
    one.join();
    other.join();
    EXPECT(there.version == 2 && back.version == 2);
    EXPECT(items.counts().converted == 2);
}};

kernel::Test destroyed_converting{"lazy.destroy_of_an_instance_in_conversion_waits", [] {
    ItemClass items;
    auto item = items.make(6);
    items.change_to<2>();
    items.mark_all();
    HeldExport hold;
    Call first(item);
    Helper converts(Call::body, &first);
    hold.wait_for_one();
    struct Destroy {
        Reference reference;
        bool done = false;
        static void body(void* context)
        {
            auto& self = *static_cast<Destroy*>(context);
            EXPECT(destroy(self.reference).ok());
            __atomic_store_n(&self.done, true, __ATOMIC_RELEASE);
        }
    } destroy{item.reference()};
    Helper destroys(Destroy::body, &destroy);
    wait_for_a_swap();
    EXPECT(!__atomic_load_n(&destroy.done, __ATOMIC_ACQUIRE));
    hold.go_on.signal();
    destroys.join();
    converts.join();
    drain_dead_objects();
    EXPECT(item_roots == 0 && items.set().count() == 0);
    EXPECT(items.counts().converted == 1);
}};

}

}
