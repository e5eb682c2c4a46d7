// Lazy update: the threads that convert what nobody calls.

#include "kernel/test_thread.h"
#include "objects/converters.h"
#include "objects/priorities.h"
#include "objects/tests/held_export.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

kernel::Test eager{"lazy.converters_leave_nothing_marked", [] {
    constexpr unsigned count = 40;
    ItemClass items;
    Ref<Item> all[count];
    for (unsigned i = 0; i < count; ++i) {
        kernel::current_thread()->move_to(i % arch::cpu_count()).ignore();
        all[i] = items.make(i);
    }
    items.change_to<2>();
    items.mark_all();
    Converters converters(items.record());
    EXPECT(converters.start(kernel::default_priority).ok());
    converters.wait();
    EXPECT(items.count(InstanceList::Current) == count);
    EXPECT(items.counts().converted == count);
    for (unsigned i = 0; i < count; ++i)
        expect_item(all[i], 2, i);
}};

kernel::Test idle{"lazy.idle_converters_do_not_run_before_others", [] {
    ItemClass items;
    auto item = items.make(1);
    items.change_to<2>();
    items.mark_all();
    Converters converters(items.record());
    {
        const auto hog = [](void*) { kernel::spin_for(2 * kernel::millisecond); };
        kernel::Owned<Helper> hogs[abi::MAX_CPUS];
        for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
            hogs[cpu] = kernel::Owned<Helper>(kernel::make<Helper>(kernel::Tag::Test, hog, nullptr, static_cast<int>(cpu)));
        EXPECT(converters.start(idle_priority).ok());
        kernel::spin_for(kernel::millisecond);
        EXPECT(items.count(InstanceList::Marked) == 1);
        for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
            hogs[cpu]->join();
    }
    converters.wait();
    EXPECT(items.count(InstanceList::Current) == 1);
    expect_item(item, 2, 1);
}};

kernel::Test stopped{"lazy.converters_stop_after_the_instance_they_are_at", [] {
    ItemClass items;
    for (unsigned i = 0; i < 20; ++i)
        items.make(i);
    items.change_to<2>();
    items.mark_all();
    HeldExport hold;
    Converters converters(items.record());
    EXPECT(converters.start(kernel::default_priority).ok());
    hold.wait_for_one();
    converters.stop();
    hold.go_on.signal();
    converters.wait();
    EXPECT(items.count(InstanceList::Marked) > 0 && items.count(InstanceList::Current) > 0);
    EXPECT(items.count(InstanceList::Marked) + items.count(InstanceList::Current) == 20);
}};

}

}
