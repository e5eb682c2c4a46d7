// How a lazy conversion fails: whatever happens, the caller is served by the old version, and the instance is listed.

#include "kernel/test_thread.h"
#include "objects/converters.h"
#include "objects/guarded_task.h"
#include "objects/tests/elder.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

// The instance serves as version 1, for good, until another round of marks.
void expect_failed(ItemClass& items, Ref<Item> item, uint64_t value, Code reason)
{
    const uint64_t commits = item_commits;
    expect_item(item, 1, value);
    EXPECT(items.count(InstanceList::Failed) == 1 && items.count(InstanceList::Marked) == 0);
    EXPECT(items.counts().failed == 1 && items.counts().converted == 0);
    EXPECT(items.record().lazy.last_failure() == reason);
    EXPECT(item_commits == commits);
    EXPECT(table().mark(item.reference()) == Mark::None);
    drain_dead_objects();
    EXPECT(item_roots == 1);
}

void expect_next_round_converts(ItemClass& items, Ref<Item> item, uint64_t value)
{
    item_script = {};
    items.set().age();
    items.mark_all();
    expect_item(item, 2, value);
    EXPECT(items.count(InstanceList::Current) == 1 && items.count(InstanceList::Failed) == 0);
}

kernel::Test failing_import{"lazy.failed_import_leaves_the_old_instance_in_service", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    item_script.import_fails = Code::INVALID;
    expect_failed(items, item, 3, Code::INVALID);
    expect_next_round_converts(items, item, 3);
}};

kernel::Test failing_export{"lazy.failed_export_leaves_the_old_instance_in_service", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    item_script.export_fails = Code::IO_ERROR;
    expect_failed(items, item, 3, Code::IO_ERROR);
    expect_next_round_converts(items, item, 3);
}};

kernel::Test failing_prepare{"lazy.failed_preparation_leaves_the_old_instance_in_service", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    item_script.make_fails = Code::NO_MEMORY;
    expect_failed(items, item, 3, Code::NO_MEMORY);
    expect_next_round_converts(items, item, 3);
}};

kernel::Test faulting_prepare{"lazy.fault_in_preparation_leaves_the_old_instance_in_service", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    item_script.prepare_faults = true;
    expect_failed(items, item, 3, Code::FAULT);
    expect_next_round_converts(items, item, 3);
}};

kernel::Test faulting_import{"lazy.fault_in_import_leaves_the_old_instance_in_service", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    item_script.import_faults = true;
    expect_failed(items, item, 3, Code::FAULT);
    expect_next_round_converts(items, item, 3);
}};

kernel::Test no_format{"lazy.no_common_format_leaves_the_old_instance_in_service", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    item_script.speaks_nothing = true;
    expect_failed(items, item, 3, Code::NO_FORMAT);
    expect_next_round_converts(items, item, 3);
}};

kernel::Test waiting_caller{"lazy.caller_that_waited_for_a_failed_conversion_is_served_by_the_old_version", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    kernel::Event entered;
    kernel::Event go_on;
    item_script.export_entered = &entered;
    item_script.export_go_on = &go_on;
    item_script.import_faults = true;
    struct Call {
        Ref<Item> item;
        uint64_t version = 0;
        static void body(void* context)
        {
            auto& self = *static_cast<Call*>(context);
            self.version = self.item->version().value();
        }
    } first{item}, second{item};
    Helper converts(Call::body, &first);
    entered.wait();
    Helper waits(Call::body, &second);
    wait_for_a_swap();
    EXPECT(second.version == 0);
    go_on.signal();
    converts.join();
    waits.join();
    EXPECT(first.version == 1 && second.version == 1);
    expect_failed(items, item, 3, Code::FAULT);
}};

// Every allocation that a conversion makes fails in turn; the first run that has none left to fail converts.
kernel::Test each_allocation{"lazy.each_allocation_of_a_conversion_fails_in_turn", [] {
    ItemClass items;
    for (uint64_t n = 1;; ++n) {
        auto item = items.make(n);
        items.change_to<2>();
        items.mark_all();
        dismiss_idle_guarded_workers();
        bool failed = false;
        uint64_t version = 0;
        {
            CountedScope scope;
            const kernel::FailAllocation failure(n, kernel::FailAllocation::Who::Everyone);
            version = item->version().value();
            failed = failure.happened();
        }
        EXPECT(version == (failed ? 1 : 2));
        EXPECT(items.count(InstanceList::Failed) == (failed ? 1 : 0));
        destroy_and_drain(item.reference());
        EXPECT(item_roots == 0 && items.set().count() == 0);
        items.change_to<1>();
        if (!failed) {
            // Thread, call and worker, root and arena.
            EXPECT(n > 4);
            return;
        }
    }
}};

kernel::Test chain{"lazy.chain_that_breaks_leaves_the_version_it_reached", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.mark_all();
    items.change_to<3>();
    items.mark_all();
    item_script.import_fails = Code::INVALID;
    item_script.import_into = 3;
    expect_item(item, 2, 3);
    EXPECT(items.count(InstanceList::Failed) == 1 && items.counts().failed == 1);
    item_script = {};
    items.set().age();
    items.mark_all();
    expect_item(item, 3, 3);
}};

kernel::Test missing_version{"lazy.chain_over_a_version_that_is_gone_fails", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<5>();
    items.mark_all();
    expect_item(item, 3, 3);
    EXPECT(items.count(InstanceList::Failed) == 1 && items.record().lazy.last_failure() == Code::VERSION);
}};

kernel::Test converters{"lazy.converters_go_on_after_a_failure", [] {
    constexpr unsigned count = 6;
    ItemClass items;
    for (unsigned i = 0; i < count; ++i)
        items.make(i);
    items.change_to<2>();
    items.mark_all();
    item_script.fails_for = 3;
    item_script.import_fails = Code::INVALID;
    Converters team(items.record());
    EXPECT(team.start(kernel::default_priority).ok());
    team.wait();
    EXPECT(items.count(InstanceList::Failed) == 1 && items.count(InstanceList::Current) == count - 1);
    EXPECT(items.counts().failed == 1 && items.counts().converted == count - 1);
}};

// What a preparation calls may be marked as well: it is not converted inside the other conversion.
kernel::Test nested{"lazy.instance_met_while_another_is_converted_is_promoted", [] {
    ItemClass items;
    auto item = items.make(1);
    auto met = items.make(2);
    items.change_to<2>();
    items.mark_all();
    item_script.preparing = [](void* context) {
        item_script.preparing = nullptr;
        EXPECT(static_cast<Ref<Item>*>(context)->operator->()->version().value() == 1);
    };
    item_script.context = &met;
    expect_item(item, 2, 1);
    EXPECT(items.count(InstanceList::Promoted) == 1 && items.counts().promoted == 1);
    Converters team(items.record());
    EXPECT(team.start(kernel::default_priority).ok());
    team.wait();
    expect_item(met, 2, 2);
}};

// As if the instance gave the memory for its own successor.
kernel::Test itself{"lazy.instance_called_by_its_own_conversion_is_promoted", [] {
    ItemClass items;
    auto item = items.make(1);
    items.change_to<2>();
    items.mark_all();
    item_script.preparing = [](void* context) {
        item_script.preparing = nullptr;
        EXPECT(static_cast<Ref<Item>*>(context)->operator->()->version().value() == 1);
    };
    item_script.context = &item;
    expect_item(item, 1, 1);
    EXPECT(items.count(InstanceList::Promoted) == 1 && items.counts().failed == 0);
    Converters team(items.record());
    EXPECT(team.start(kernel::default_priority).ok());
    team.wait();
    expect_item(item, 2, 1);
}};

// A caller inside an object that is being swapped calls a marked one, whose preparation calls the first.
kernel::Test through_a_swap{"lazy.conversion_that_a_swap_waits_for_and_holds_up_is_resolved", [] {
    ItemClass items;
    auto item = items.make(1);
    auto probe = make_used_probe();
    items.change_to<2>();
    items.mark_all();
    item_script.context = &probe;
    item_script.preparing = [](void* context) {
        item_script.preparing = nullptr;
        wait_for_a_swap();
        EXPECT(static_cast<Ref<Probe>*>(context)->operator->()->version().ok());
    };
    Elder elder;
    HotSwap* swap = start_swap(probe);
    elder.passed_by();
    struct Inside {
        Ref<Probe> probe;
        Ref<Item> item;
        static void body(void* context)
        {
            auto& self = *static_cast<Inside*>(context);
            EXPECT(self.probe->visit([](void* inner) {
                EXPECT(static_cast<Inside*>(inner)->item->version().value() == 2);
            }, context).ok());
        }
    } inside{probe, item};
    Helper helper(Inside::body, &inside);
    elder.leave();
    helper.join();
    end_swap(swap);
    expect_version(probe, 2);
    destroy_and_drain(probe.reference());
}};

}

}
