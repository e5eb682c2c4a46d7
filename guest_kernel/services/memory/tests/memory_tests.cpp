// Programs in problem state touch memory that nothing is mapped for.

#include "kernel/placement_new.h"

#include "arch/ppc64/address_space.h"
#include "arch/ppc64/mmu.h"
#include "arch/ppc64/radix_tree.h"
#include "kernel/frames.h"
#include "kernel/page_source.h"
#include "services/memory/fcm_default.h"
#include "services/memory/hat_default.h"
#include "services/memory/kernel_pages.h"
#include "services/memory/pm_leaf.h"
#include "services/memory/pm_root.h"
#include "services/memory/region_default.h"
#include "services/memory/tests/replace.h"
#include "services/memory/tests/test_managers.h"
#include "services/memory/tests/test_process.h"

namespace services::tests {

constinit objects::ClassDescriptor TestAllocator::descriptor
    = objects::standard_class<TestAllocatorRoot>("TestAllocator", "PageAllocator", 1);

namespace {

constexpr uint64_t sum_to(uint64_t last) { return last * (last + 1) / 2; }

objects::Ref<FileCache> new_cache(const Managers& managers)
{
    objects::CountedScope scope;
    const auto made = make_anonymous_cache(managers.leaf);
    EXPECT(made.ok());
    return made.value();
}

void drop_cache(objects::Ref<FileCache> cache)
{
    objects::CountedScope scope;
    EXPECT(destroy_cache(cache, &kernel::current_thread()->ticket()).ok());
}

struct Outcome {
    kernel::Status status;
    uint64_t result = 0;
    uint64_t faults = 0;
    UserFault last;
};

// A thread runs the program on `pages` pages of the cache from the first on.
template <typename Between>
Outcome run_program(const Managers& managers, objects::Ref<FileCache> cache, const char* begin, const char* end,
    uint64_t pages, arch::Protection protection, Between after)
{
    Outcome outcome;
    kernel::TestThread thread({.name = "program"}, [&] {
        kernel::OuterLoop loop;
        TestProcess process(managers.leaf);
        EXPECT(process.load(begin, end).ok());
        EXPECT(process.show(cache, data_address, pages, protection).ok());
        process.start(data_address, pages);
        while ((outcome.status = process.run()).is_parked())
            loop.wait(kernel::current_thread()->ticket());
        outcome = {outcome.status, process.result(), process.faults, process.fault};
        after(process);
        process.end();
    });
    thread.join();
    return outcome;
}

Outcome fill(const Managers& managers, objects::Ref<FileCache> cache, uint64_t pages,
    arch::Protection protection = arch::Protection::READ_WRITE)
{
    return run_program(
        managers, cache, program_fill_pages, program_fill_pages_end, pages, protection, [](TestProcess&) {});
}

Outcome sum(const Managers& managers, objects::Ref<FileCache> cache, uint64_t pages)
{
    return run_program(managers, cache, program_sum_pages, program_sum_pages_end, pages, arch::Protection::READ,
        [](TestProcess&) {});
}

// What the frame pool still has is taken in this scope.
class EmptyPool {
public:
    EmptyPool()
    {
        for (uint64_t count = 1024; count > 0; count /= 2) {
            for (auto frames = kernel::allocate_frames(count); frames.ok(); frames = kernel::allocate_frames(count))
                m_first = new (arch::linear(frames.value())) Run{m_first, count};
        }
    }
    ~EmptyPool()
    {
        while (m_first != nullptr) {
            const Run run = *m_first;
            kernel::free_frames(arch::physical(m_first), run.count);
            m_first = run.next;
        }
    }
    EmptyPool(const EmptyPool&) = delete;
    EmptyPool& operator=(const EmptyPool&) = delete;

private:
    struct Run {
        Run* next;
        uint64_t count;
    };

    Run* m_first = nullptr;
};

// The page allocator's stock, as outside tests.
class AllocatorPages final : public kernel::PageSource {
public:
    kernel::Result<void*> allocate_pages(size_t pages) override
    {
        objects::CountedScope scope;
        return kernel_pages()->allocate_pages(pages);
    }
    void free_pages(void* first, size_t) override
    {
        objects::CountedScope scope;
        EXPECT(kernel_pages()->free_pages(first).ok());
    }
    uint64_t in_use()
    {
        objects::CountedScope scope;
        return kernel_pages()->pages_in_use().value();
    }
};

// As it is after a shortage: the page allocator has taken every frame, and its pages are free again.
kernel::Test after_shortage{"memory.address_spaces_are_made_when_the_frame_pool_is_empty", [] {
    AllocatorPages pages;
    void* stock = pages.allocate_pages(128).value();
    pages.free_pages(stock, 128);
    const uint64_t before = pages.in_use();
    {
        const kernel::OtherPageSource scope(pages);
        const EmptyPool empty;
        arch::AddressSpace first, second;
        EXPECT(first.open().ok() && second.open().ok());
        EXPECT(pages.in_use() > before);
        for (uint64_t address = data_address; address < arch::user_end / 2; address *= 16) {
            EXPECT(first.map(address, arch::physical(stock), arch::Protection::READ).ok());
            EXPECT(first.translate(address).value() == arch::physical(stock));
            EXPECT(second.translate(address).code() == kernel::Code::NOT_FOUND);
        }
        first.close();
        second.close();
    }
    EXPECT(pages.in_use() == before);
}};

// Stacks and modules need tables too, which stay.
kernel::Test kernel_tables{"memory.kernel_pages_are_mapped_when_the_frame_pool_is_empty", [] {
    constexpr uint64_t nothing_near = abi::STACK_BASE + arch::RadixTree::root_entry_span / 2;
    constexpr uint64_t tables = 2;
    AllocatorPages pages;
    void* stock = pages.allocate_pages(64).value();
    pages.free_pages(stock, 64);
    const uint64_t before = pages.in_use();
    const kernel::OtherPageSource scope(pages);
    const EmptyPool empty;
    EXPECT(arch::map_page(nothing_near, arch::physical(stock), arch::Protection::READ).ok());
    EXPECT(arch::translate(nothing_near).value() == arch::physical(stock));
    EXPECT(arch::unmap_page(nothing_near).ok());
    EXPECT(pages.in_use() == before + tables);
}};

kernel::Test touch{"memory.program_touches_anonymous_memory", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    const auto filled = fill(managers, cache, 10);
    EXPECT(filled.status.ok() && filled.result == sum_to(10));
    // One for the text, one for each page.
    EXPECT(filled.faults == 11);
    EXPECT(figure(cache, CacheFigure::Pages) == 10 && figure(cache, CacheFigure::Dirty) == 10);
    EXPECT(figure(cache, CacheFigure::Mapped) == 0 && figure(cache, CacheFigure::Windows) == 0);
    // Another process finds what the first one left.
    EXPECT(sum(managers, cache, 10).result == sum_to(10));
    drop_cache(cache);
}};

kernel::Test fresh{"memory.fresh_memory_is_zero", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    const auto read = sum(managers, cache, 5);
    EXPECT(read.status.ok() && read.result == 0);
    EXPECT(figure(cache, CacheFigure::Pages) == 5 && figure(cache, CacheFigure::Dirty) == 0);
    drop_cache(cache);
}};

kernel::Test protection{"memory.store_to_what_is_to_be_read_is_refused", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    const auto refused = fill(managers, cache, 3, arch::Protection::READ);
    EXPECT(refused.status == kernel::Code::FAULT);
    EXPECT(refused.last.address == data_address + 16 && refused.last.access == Access::Write);
    EXPECT(figure(cache, CacheFigure::Pages) == 0);
    drop_cache(cache);
}};

kernel::Test outside{"memory.touch_outside_every_region_is_refused", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    Outcome outcome;
    kernel::TestThread thread({.name = "program"}, [&] {
        TestProcess process(managers.leaf);
        EXPECT(process.load(program_fill_pages, program_fill_pages_end).ok());
        EXPECT(process.show(cache, data_address, 2, arch::Protection::READ_WRITE).ok());
        process.start(data_address, 4);
        outcome = {process.run(), 0, process.faults, process.fault};
        process.end();
    });
    thread.join();
    EXPECT(outcome.status == kernel::Code::FAULT);
    EXPECT(outcome.last.address == data_address + 2 * abi::PAGE_SIZE + 16);
    EXPECT(figure(cache, CacheFigure::Pages) == 2);
    drop_cache(cache);
}};

kernel::Test clean_store{"memory.store_to_a_clean_page_makes_it_dirty", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    // Read first, so that the pages are mapped and clean when the stores come.
    EXPECT(sum(managers, cache, 4).status.ok());
    run_program(managers, cache, program_sum_pages, program_sum_pages_end, 4, arch::Protection::READ_WRITE,
        [&](TestProcess& process) {
            EXPECT(cache->figure(CacheFigure::Dirty).value() == 0);
            EXPECT(cache->figure(CacheFigure::Mapped).value() == 4);
            const auto region = process.regions.find(data_address);
            auto& ticket = kernel::current_thread()->ticket();
            EXPECT(region->handle_fault(data_address, Access::Write, &ticket).ok());
            EXPECT(cache->figure(CacheFigure::Dirty).value() == 1);
            uint64_t word = 7;
            EXPECT(arch::copy_out(data_address + 16, &word, sizeof(word)).ok());
            EXPECT(arch::copy_out(data_address + abi::PAGE_SIZE, &word, sizeof(word)) == kernel::Code::FAULT);
        });
    EXPECT(sum(managers, cache, 4).result == 7);
    drop_cache(cache);
}};

// What section 4.3.3 of the reference is about: of pages that nobody has mapped, every CPU is made to forget them.
kernel::Test synchronisations{"memory.unmapping_what_is_not_mapped_still_synchronises", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    EXPECT(fill(managers, cache, 8).status.ok());
    EXPECT(figure(cache, CacheFigure::Synchronisations) == 8);
    // A process that touches none of them.
    kernel::TestThread thread({.name = "untouched"}, [&] {
        TestProcess process(managers.leaf);
        EXPECT(process.show(cache, data_address, 8, arch::Protection::READ).ok());
        process.end();
    });
    thread.join();
    EXPECT(figure(cache, CacheFigure::Synchronisations) == 16);
    drop_cache(cache);
}};

kernel::Test taken_back{"memory.clean_pages_are_taken_back_when_memory_is_short", [] {
    Managers managers(6);
    const auto cache = new_cache(managers);
    const auto read = sum(managers, cache, 20);
    EXPECT(read.status.ok() && read.result == 0);
    EXPECT(figure(cache, CacheFigure::Pages) <= 6);
    {
        objects::CountedScope scope;
        EXPECT(managers.leaf->pages_taken_back().value() >= 15);
    }
    // What is dirty has nowhere to go.
    EXPECT(fill(managers, cache, 20).status == kernel::Code::NO_MEMORY);
    drop_cache(cache);
}};

kernel::Test short_root{"memory.root_takes_pages_back_from_other_leaves", [] {
    Managers managers(0, 8);
    const auto cache = new_cache(managers);
    EXPECT(sum(managers, cache, 6).status.ok());
    objects::Ref<PageManager> other;
    objects::Ref<FileCache> hungry;
    kernel::TestThread thread({.name = "hungry"}, [&] {
        other = make_page_manager(managers.root, 0).value();
        hungry = make_anonymous_cache(other).value();
        auto& ticket = kernel::current_thread()->ticket();
        uint64_t word = 1;
        for (uint64_t page = 0; page < 8; ++page)
            EXPECT(hungry->write(page * abi::PAGE_SIZE, &word, sizeof(word), &ticket).ok());
        EXPECT(hungry->write(8 * abi::PAGE_SIZE, &word, sizeof(word), &ticket) == kernel::Code::NO_MEMORY);
        EXPECT(cache->figure(CacheFigure::Pages).value() == 0);
        EXPECT(destroy_cache(hungry, &ticket).ok());
        EXPECT(destroy_page_manager(other, managers.root).ok());
    });
    thread.join();
    drop_cache(cache);
}};

kernel::Test truncation{"memory.truncated_memory_reads_as_zeros", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    kernel::TestThread thread({.name = "truncates"}, [&] {
        auto& ticket = kernel::current_thread()->ticket();
        char text[] = "evergreen";
        EXPECT(cache->write(abi::PAGE_SIZE - 4, text, 9, &ticket).ok());
        EXPECT(cache->truncate(abi::PAGE_SIZE - 2, &ticket).ok());
        EXPECT(cache->figure(CacheFigure::Pages).value() == 1);
        char back[9] = {};
        EXPECT(cache->read(abi::PAGE_SIZE - 4, back, 9, &ticket).ok());
        EXPECT(back[0] == 'e' && back[1] == 'v' && back[2] == 0 && back[3] == 0 && back[8] == 0);
    });
    thread.join();
    drop_cache(cache);
}};

// A cache, a region and one touch; everything that could be made is taken down again.
kernel::Status touch_region(objects::Ref<AddressTranslation> translation, objects::Ref<FileCache> cache)
{
    const auto region
        = TRY(make_region({translation, cache, data_address, 2, 0, arch::Protection::READ_WRITE}));
    const auto touched = region->handle_fault(data_address, Access::Write, &kernel::current_thread()->ticket());
    EXPECT(destroy_region(region).ok());
    return touched;
}

kernel::Status touch_cache(objects::Ref<AddressTranslation> translation, objects::Ref<PageManager> manager)
{
    const auto cache = TRY(make_anonymous_cache(manager));
    const auto touched = touch_region(translation, cache);
    EXPECT(destroy_cache(cache, &kernel::current_thread()->ticket()).ok());
    return touched;
}

kernel::Status touch_once(objects::Ref<PageManager> manager)
{
    const auto translation = TRY(make_address_translation());
    const auto touched = touch_cache(translation, manager);
    EXPECT(destroy_address_translation(translation).ok());
    return touched;
}

kernel::Test no_memory{"memory.every_failed_allocation_leaves_nothing_behind", [] {
    Managers managers;
    uint64_t failures = 0;
    uint64_t service_bytes = 0;
    for (uint64_t n = 1; n < 40; ++n) {
        kernel::Status status;
        bool happened = false;
        kernel::TestThread thread({.name = "short"}, [&] {
            kernel::FailAllocation fails(n);
            status = touch_once(managers.leaf);
            happened = fails.happened();
        });
        thread.join();
        objects::drain_dead_objects();
        EXPECT(status == (happened ? kernel::Code::NO_MEMORY : kernel::Code::OK));
        failures += happened;
        if (n == 1)
            service_bytes = kernel::usage(kernel::Tag::Service).bytes;
        EXPECT(kernel::usage(kernel::Tag::Service).bytes == service_bytes);
    }
    EXPECT(failures >= 6 && failures < 39);
}};

// Two programs on two CPUs share the pages and touch them side by side.
kernel::Test shared{"memory.two_programs_fault_on_the_same_pages", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    uint64_t results[2] = {};
    auto body = [&](unsigned which) {
        kernel::OuterLoop loop;
        TestProcess process(managers.leaf);
        EXPECT(process.load(program_fill_pages, program_fill_pages_end).ok());
        EXPECT(process.show(cache, data_address, 12, arch::Protection::READ_WRITE).ok());
        process.start(data_address, 12);
        while (process.run().is_parked())
            loop.wait(kernel::current_thread()->ticket());
        results[which] = process.result();
        process.end();
    };
    {
        kernel::TestThread first({.name = "first", .cpu = 0}, [&] { body(0); });
        kernel::TestThread second({.name = "second", .cpu = kernel::last_cpu()}, [&] { body(1); });
    }
    EXPECT(results[0] == sum_to(12) && results[1] == sum_to(12));
    EXPECT(figure(cache, CacheFigure::Pages) == 12);
    drop_cache(cache);
}};

// Every object on the way of a fault is replaced, again and again, while a program takes faults.
kernel::Test swapped{"memory.every_object_is_swapped_under_faults", [] {
    Managers managers;
    const auto cache = new_cache(managers);
    objects::Reference region = nullptr;
    objects::Reference translation = nullptr;
    kernel::Event running;
    kernel::Event finished;
    uint64_t wrong = 0;
    kernel::TestThread program({.name = "program", .cpu = kernel::last_cpu()}, [&] {
        kernel::OuterLoop loop;
        TestProcess process(managers.leaf);
        EXPECT(process.load(program_fill_pages, program_fill_pages_end).ok());
        EXPECT(process.show(cache, data_address, 8, arch::Protection::READ_WRITE).ok());
        region = process.regions.find(data_address).reference();
        translation = process.translation.reference();
        running.signal();
        while (!finished.signalled()) {
            process.start(data_address, 8);
            while (process.run().is_parked())
                loop.wait(kernel::current_thread()->ticket());
            wrong += process.result() != sum_to(8);
            EXPECT(cache->truncate(0, &kernel::current_thread()->ticket()).ok());
            loop.pass();
        }
        process.end();
    });
    running.wait();
    for (unsigned round = 0; round < 3; ++round) {
        replace<FCMDefaultRoot>(cache.reference());
        replace<RegionDefaultRoot>(region);
        replace<HATDefaultRoot>(translation);
        replace<PMLeafRoot>(managers.leaf.reference());
        replace<PMRootRoot>(managers.root.reference());
    }
    finished.signal();
    program.join();
    EXPECT(wrong == 0);
    drop_cache(cache);
}};

}

}
