// Processes of both classes: their regions, their programs' faults, and the change from one class into the other.

#include "arch/ppc64/percpu.h"
#include "kernel/test_thread.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/lifetime.h"
#include "services/process/make_process.h"
#include "services/process/process_replicated.h"
#include "services/process/process_shared.h"
#include "services/process/program.h"

extern "C" {
extern const char program_fill_pages[], program_fill_pages_end[];
}

namespace services::tests {

namespace {

using arch::Protection;
using kernel::Code;
using kernel::Status;
using objects::CountedScope;
using objects::Ref;

constexpr uint64_t text_address = 0x1000'0000;
constexpr uint64_t data_address = 0x2000'0000;
constexpr uint64_t data_pages = 5;
constexpr uint64_t sum_of_pages = data_pages * (data_pages + 1) / 2;

template <typename RootType>
Ref<Process> new_process()
{
    CountedScope scope;
    const auto translation = make_address_translation();
    EXPECT(translation.ok());
    const auto process = objects::create<RootType>({translation.value(), root_page_manager()});
    EXPECT(process.ok());
    return process.value();
}

Ref<FileCache> new_cache()
{
    CountedScope scope;
    return make_anonymous_cache(root_page_manager()).value();
}

void drop(Ref<FileCache> cache)
{
    CountedScope scope;
    EXPECT(destroy_cache(cache, &kernel::current_thread()->ticket()).ok());
}

// Text and data of the program that fills its pages and adds them up.
struct Memory {
    Memory()
    {
        CountedScope scope;
        const auto bytes = static_cast<uint64_t>(program_fill_pages_end - program_fill_pages);
        EXPECT(text->write(0, program_fill_pages, bytes, &kernel::current_thread()->ticket()).ok());
    }
    ~Memory()
    {
        drop(text);
        drop(data);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    void show_to(Ref<Process> process) const
    {
        CountedScope scope;
        EXPECT(map(process, text, text_address, 1, Protection::READ_EXECUTE).ok());
        EXPECT(map(process, data, data_address, data_pages, Protection::READ_WRITE).ok());
    }

    Ref<FileCache> text = new_cache();
    Ref<FileCache> data = new_cache();
};

void end(Ref<Process> process)
{
    {
        CountedScope scope;
        EXPECT(destroy_process(process).ok());
    }
    objects::drain_dead_objects();
}

struct Run {
    Status status;
    uint64_t result = 0;
    uint64_t faults = 0;
};

// In a thread of its own, on a CPU or any.
Run run_program(Ref<Process> process, int cpu = kernel::any_cpu)
{
    Run run;
    kernel::TestThread thread({.name = "program", .cpu = cpu}, [&] {
        kernel::OuterLoop loop;
        auto& ticket = kernel::current_thread()->ticket();
        Program program(process);
        program.start({text_address, data_address, {data_address, data_pages}});
        while ((run.status = program.run(&ticket)).is_parked())
            loop.wait(ticket);
        run = {run.status, program.result(), program.faults()};
    });
    thread.join();
    return run;
}

uint64_t faults_of(Ref<Process> process)
{
    CountedScope scope;
    return process->faults().value();
}

template <typename RootType>
Status swap_to(Ref<Process> process)
{
    kernel::Owned<objects::Root> root;
    {
        CountedScope scope;
        root = kernel::Owned<objects::Root>(kernel::make<RootType>(kernel::Tag::Object));
    }
    auto* swap = TRY(objects::HotSwap::start(process.reference(), static_cast<kernel::Owned<objects::Root>&&>(root)));
    const auto outcome = swap->wait();
    swap->release();
    return outcome;
}

template <typename RootType>
void run_in_process_of()
{
    const Memory memory;
    const auto process = new_process<RootType>();
    memory.show_to(process);
    const Run first = run_program(process, 0);
    EXPECT(first.status.ok() && first.result == sum_of_pages && first.faults == data_pages + 1);
    // What is mapped is mapped for every CPU.
    const Run second = run_program(process, kernel::last_cpu());
    EXPECT(second.status.ok() && second.result == sum_of_pages && second.faults == 0);
    EXPECT(faults_of(process) == first.faults);
    end(process);
}

kernel::Test shared{"process.program_runs_in_a_shared_one", [] { run_in_process_of<ProcessSharedRoot>(); }};
kernel::Test replicated{"process.program_runs_in_a_replicated_one", [] { run_in_process_of<ProcessReplicatedRoot>(); }};

kernel::Test change{"process.changes_from_one_class_to_the_other", [] {
    const Memory memory;
    const auto process = new_process<ProcessReplicatedRoot>();
    memory.show_to(process);
    const uint64_t faults = run_program(process, 0).faults;
    EXPECT(swap_to<ProcessSharedRoot>(process).ok());
    EXPECT(faults_of(process) == faults);
    EXPECT(run_program(process).result == sum_of_pages);
    EXPECT(swap_to<ProcessReplicatedRoot>(process).ok());
    EXPECT(faults_of(process) == faults);
    {
        CountedScope scope;
        EXPECT(process->regions().value() == 2);
    }
    EXPECT(run_program(process, kernel::last_cpu()).result == sum_of_pages);
    end(process);
}};

// Fills pages of its own, round after round, until it is told to stop.
struct Toucher {
    Ref<Process> process;
    uint64_t address;
    uint64_t faults = 0;
    uint64_t wrong = 0;
    bool stop = false;

    void operator()()
    {
        kernel::OuterLoop loop;
        auto& ticket = kernel::current_thread()->ticket();
        while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
            const auto cache = make_anonymous_cache(root_page_manager()).value();
            wrong += !map(process, cache, address, data_pages, Protection::READ_WRITE).ok();
            {
                Program program(process);
                program.start({text_address, address, {address, data_pages}});
                Status status;
                while ((status = program.run(&ticket)).is_parked())
                    loop.wait(ticket);
                wrong += !status.ok() || program.result() != sum_of_pages;
                faults += program.faults();
            }
            wrong += !unmap(process, address).ok();
            wrong += !destroy_cache(cache, &ticket).ok();
            loop.pass();
        }
    }
};

kernel::Test storm{"process.changes_class_under_faults_of_two_cpus", [] {
    const Memory memory;
    const auto process = new_process<ProcessReplicatedRoot>();
    memory.show_to(process);
    Toucher touchers[] = {{process, 0x3000'0000}, {process, 0x4000'0000}};
    {
        kernel::TestThread first({.priority = 10, .cpu = 0}, [&] { touchers[0](); });
        kernel::TestThread second({.priority = 10, .cpu = kernel::last_cpu()}, [&] { touchers[1](); });
        for (unsigned i = 0; i < 6; ++i) {
            EXPECT(swap_to<ProcessSharedRoot>(process).ok());
            kernel::sleep_until(kernel::now_ns() + 200 * kernel::microsecond);
            EXPECT(swap_to<ProcessReplicatedRoot>(process).ok());
            kernel::sleep_until(kernel::now_ns() + 200 * kernel::microsecond);
        }
        for (auto& toucher : touchers)
            __atomic_store_n(&toucher.stop, true, __ATOMIC_RELAXED);
    }
    uint64_t faults = 0;
    for (const auto& toucher : touchers) {
        EXPECT(toucher.wrong == 0 && toucher.faults > 0);
        faults += toucher.faults;
    }
    EXPECT(faults_of(process) == faults);
    end(process);
}};

kernel::Test detached{"process.detached_region_is_forgotten_on_every_cpu", [] {
    const Memory memory;
    const auto process = new_process<ProcessReplicatedRoot>();
    memory.show_to(process);
    EXPECT(run_program(process, 0).status.ok());
    EXPECT(run_program(process, kernel::last_cpu()).status.ok());
    {
        CountedScope scope;
        // Of the two, the one attached last.
        const Ref<Region> region(process->any_region().value());
        EXPECT(process->detach(region).ok());
        EXPECT(process->detach(region) == Code::NOT_FOUND);
        EXPECT(destroy_region(region).ok());
    }
    EXPECT(run_program(process, 0).status == Code::FAULT);
    EXPECT(run_program(process, kernel::last_cpu()).status == Code::FAULT);
    end(process);
}};

kernel::Test overlap{"process.region_that_overlaps_is_refused", [] {
    const Memory memory;
    const auto process = new_process<ProcessSharedRoot>();
    memory.show_to(process);
    {
        CountedScope scope;
        const uint64_t last_page = data_address + (data_pages - 1) * abi::PAGE_SIZE;
        EXPECT(map(process, memory.data, last_page, 2, Protection::READ) == Code::EXISTS);
        EXPECT(process->regions().value() == 2);
    }
    end(process);
}};

kernel::Test defaults{"process.default_class_is_changed_while_running", [] {
    const auto class_made = [] {
        CountedScope scope;
        const auto process = make_process(root_page_manager()).value();
        const char* name = process->class_of().value()->name;
        EXPECT(destroy_process(process).ok());
        return name;
    };
    EXPECT(class_made() == ProcessReplicated::descriptor.name);
    EXPECT(objects::set_default_factory("Process", "ProcessShared").ok());
    EXPECT(class_made() == ProcessShared::descriptor.name);
    EXPECT(objects::set_default_factory("Process", "ProcessReplicated").ok());
    objects::drain_dead_objects();
}};

struct Usage {
    uint64_t objects = kernel::usage(kernel::Tag::Object).allocations;
    uint64_t service = kernel::usage(kernel::Tag::Service).allocations;
    uint64_t process = kernel::usage(kernel::Tag::Process).allocations;

    bool operator==(const Usage&) const = default;
};

void live_and_die(const Memory& memory)
{
    const auto process = [] {
        CountedScope scope;
        return make_process(root_page_manager()).value();
    }();
    memory.show_to(process);
    EXPECT(run_program(process).status.ok());
    end(process);
}

kernel::Test number{"process.made_and_destroyed_in_number_leave_nothing", [] {
    const Memory memory;
    live_and_die(memory);
    const Usage before;
    for (unsigned i = 0; i < 20; ++i)
        live_and_die(memory);
    EXPECT(Usage() == before);
}};

kernel::Test no_memory{"process.creation_without_memory_leaves_nothing", [] {
    const Memory memory;
    live_and_die(memory);
    const Usage before;
    bool made = false;
    for (uint64_t n = 1; !made; ++n) {
        {
            CountedScope scope;
            kernel::FailAllocation fail(n);
            const auto process = make_process(root_page_manager());
            const Status mapped
                = process.ok() ? map(process.value(), memory.data, data_address, 1, Protection::READ) : Status();
            made = !fail.happened();
            EXPECT(made ? process.ok() && mapped.ok() : !process.ok() || mapped == Code::NO_MEMORY);
            if (process.ok())
                EXPECT(destroy_process(process.value()).ok());
        }
        objects::drain_dead_objects();
        EXPECT(Usage() == before);
    }
}};

}

}
