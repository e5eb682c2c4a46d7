// The initialisation of a large table by all threads of one program: clients touch fresh pages of one region side by side.

#include "arch/ppc64/address_space.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/user.h"
#include "kernel/init.h"
#include "kernel/thread.h"
#include "objects/lifetime.h"
#include "services/memory/memory.h"
#include "workload/workload.h"

namespace workload {

namespace {

using services::Access;

constexpr uint64_t table_address = 0x4000'0000;
constexpr uint64_t pages_each = 16;

// A job touches the pages of its client's part of the table, all of them fresh, reads them again and gives them back.
// The region is a PartitionedRegion if there is that interface when the workload starts, else of the default class.
class ParallelTouch final : public Workload {
public:
    const char* name() const override { return "parallel-touch"; }

protected:
    Status prepare(const Parameters& parameters) override
    {
        const uint64_t parts = parameters.clients != 0 ? parameters.clients : arch::cpu_count();
        m_manager = TRY(services::make_page_manager(services::root_page_manager(), 0));
        m_translation = TRY(services::make_address_translation());
        m_cache = TRY(services::make_anonymous_cache(m_manager));
        const services::Region::Creation creation{m_translation, m_cache, table_address, parts * pages_each, 0,
            arch::Protection::READ_WRITE, m_manager, parts};
        auto region = services::make_region_of("PartitionedRegion", creation);
        if (region.code() == Code::NOT_FOUND)
            region = services::make_region(creation);
        m_region = TRY(region);
        m_clients = parts;
        return {};
    }
    Status enter(Client&) override
    {
        kernel::current_thread()->set_pid(TRY(m_translation->process_id()));
        return {};
    }
    Status run_job(Client& client) override
    {
        const uint64_t first = table_address + client.index * pages_each * abi::PAGE_SIZE;
        for (uint64_t page = 0; page < pages_each; ++page)
            TRY(store(first + page * abi::PAGE_SIZE, client.operations + page));
        bool right = true;
        for (uint64_t page = 0; page < pages_each; ++page) {
            uint64_t word = 0;
            TRY(arch::copy_in(&word, first + page * abi::PAGE_SIZE, sizeof(word)));
            right = right && word == client.operations + page;
        }
        TRY(m_region->discard(first, pages_each, &kernel::current_thread()->ticket()));
        return right ? Status() : Status(Code::INVALID);
    }
    // The last one gives everything back.
    Status leave(Client&) override
    {
        kernel::current_thread()->set_pid(arch::EMPTY_PID);
        if (__atomic_sub_fetch(&m_clients, 1, __ATOMIC_ACQ_REL) != 0)
            return {};
        const Status ended = end();
        if (ended.is_parked())
            __atomic_add_fetch(&m_clients, 1, __ATOMIC_ACQ_REL);
        return ended;
    }

private:
    // A store as a system call makes it: the fault is real, and the store is made again once the page is there.
    Status store(uint64_t address, uint64_t word)
    {
        while (!arch::copy_out(address, &word, sizeof(word)).ok())
            TRY(m_region->handle_fault(address, Access::Write, &kernel::current_thread()->ticket()));
        return {};
    }
    Status end()
    {
        if (m_region)
            TRY(services::destroy_region(m_region));
        m_region = {};
        if (m_cache)
            TRY(services::destroy_cache(m_cache, &kernel::current_thread()->ticket()));
        m_cache = {};
        TRY(services::destroy_address_translation(m_translation));
        const uint64_t left = TRY(m_manager->pages_held());
        TRY(services::destroy_page_manager(m_manager, services::root_page_manager()));
        return left == 0 ? Status() : Status(Code::BUSY);
    }

    objects::Ref<services::PageManager> m_manager;
    objects::Ref<services::AddressTranslation> m_translation;
    objects::Ref<services::FileCache> m_cache;
    objects::Ref<services::Region> m_region;
    // That have not left, whether or not they have entered: one may come when the others have left already.
    uint64_t m_clients = 0;
};

constinit ParallelTouch parallel_touch;

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "workload.parallel_touch", [] {
        add(parallel_touch);
        return Status();
    }};

}

}
