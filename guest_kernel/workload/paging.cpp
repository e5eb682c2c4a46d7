// Clients that map shared memory and unmap it, and that write and sync shared files.

#include "arch/ppc64/address_space.h"
#include "arch/ppc64/user.h"
#include "kernel/format.h"
#include "kernel/init.h"
#include "kernel/thread.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/files/file_representative.h"
#include "services/files/file_system.h"
#include "services/memory/memory.h"
#include "workload/workload.h"

namespace workload {

namespace {

using kernel::Ticket;
using objects::Ref;
using services::Access;
using services::SyncKind;

constexpr uint64_t window_address = 0x5000'0000;
// Of the memory that all clients map, and of which a job touches a few pages.
constexpr uint64_t shared_pages = 32;
constexpr uint64_t touched_pages = 3;
// Files that the clients share, each with a page for every client in it and more to write at a time.
constexpr unsigned files = 2;
constexpr uint64_t pages_each = 4;

Ticket& my_ticket() { return kernel::current_thread()->ticket(); }

struct Path {
    char text[16];

    explicit Path(unsigned file) { kernel::format(text, sizeof(text), "/paging%u", file); }
};

// What one client has, and how far its job is: a parked job is called again.
class Pager {
public:
    explicit Pager(Ref<services::FileSystem> file_system, Ref<services::FileCache> shared, unsigned index)
        : m_file_system(file_system), m_shared(shared), m_index(index)
    {
    }

    Status enter()
    {
        if (!m_translation)
            m_translation = TRY(services::make_address_translation());
        const Path path(m_index % files);
        const Status created = m_file_system->create_file(path.text, &my_ticket());
        if (!created.ok() && created != Code::EXISTS)
            return created;
        m_file = TRY(m_file_system->open(path.text, &my_ticket()));
        m_cache = Ref<services::FileCache>(TRY(Ref<services::FileRepresentative>(m_file)->file_cache()));
        kernel::current_thread()->set_pid(TRY(m_translation->process_id()));
        return {};
    }
    Status run(Random& random)
    {
        if (m_job == Job::None)
            choose(random);
        const Status status = m_job == Job::Window ? use_window() : write_and_sync();
        if (!status.is_parked())
            m_job = Job::None;
        return status;
    }
    Status leave()
    {
        kernel::current_thread()->set_pid(arch::EMPTY_PID);
        if (m_file != nullptr)
            TRY(m_file_system->close(m_file, &my_ticket()));
        m_file = nullptr;
        return services::destroy_address_translation(m_translation);
    }

private:
    enum class Job : uint8_t { None, Window, File };

    void choose(Random& random)
    {
        m_job = random.below(2) == 0 ? Job::Window : Job::File;
        m_first = random.below(shared_pages - touched_pages);
        m_sync = random.below(4) == 0 ? SyncKind::Forced : SyncKind::Unforced;
        m_written = 0;
        ++m_value;
    }
    // Maps all of the memory, looks at a few pages of it, and unmaps it.
    Status use_window()
    {
        const auto region = TRY(services::make_region(
            {m_translation, m_shared, window_address, shared_pages, 0, arch::Protection::READ}));
        Status status;
        for (uint64_t page = m_first; page < m_first + touched_pages && status.ok(); ++page)
            status = check(region, page);
        TRY(services::destroy_region(region));
        return status;
    }
    // The touch of a user address; the fault is real.
    Status check(Ref<services::Region> region, uint64_t page)
    {
        uint64_t word = 0;
        const uint64_t address = window_address + page * abi::PAGE_SIZE;
        while (!arch::copy_in(&word, address, sizeof(word)).ok())
            TRY(region->handle_fault(address, Access::Read, &my_ticket()));
        return word == page + 1 ? Status() : Status(Code::INVALID);
    }
    // A ticket that is ready belongs to the call that was parked, so no call before it is made again.
    Status write_and_sync()
    {
        for (; m_written < pages_each; ++m_written)
            TRY(m_cache->write(place(m_written), &m_value, sizeof(m_value), &my_ticket()));
        if (m_written == pages_each) {
            TRY(m_cache->sync(m_sync, &my_ticket()));
            ++m_written;
        }
        for (; m_written <= 2 * pages_each; ++m_written) {
            uint64_t word = 0;
            TRY(m_cache->read(place(m_written - pages_each - 1), &word, sizeof(word), &my_ticket()));
            if (word != m_value)
                return Code::INVALID;
        }
        return {};
    }
    uint64_t place(uint64_t page) const { return (m_index / files * pages_each + page) * abi::PAGE_SIZE + 64; }

    Ref<services::FileSystem> m_file_system;
    Ref<services::FileCache> m_shared;
    const unsigned m_index;
    Ref<services::AddressTranslation> m_translation;
    objects::Reference m_file = nullptr;
    Ref<services::FileCache> m_cache;
    Job m_job = Job::None;
    uint64_t m_first = 0;
    SyncKind m_sync = SyncKind::Unforced;
    // Pages written, then one for the sync, then pages read again.
    uint64_t m_written = 0;
    uint64_t m_value = 0;
};

class Paging final : public Workload {
public:
    const char* name() const override { return "paging"; }

protected:
    Status prepare(const Parameters&) override
    {
        m_file_system = Ref<services::FileSystem>(objects::find_name("file-system"));
        m_manager = TRY(services::make_page_manager(services::root_page_manager(), 0));
        m_shared = TRY(services::make_anonymous_cache(m_manager));
        for (uint64_t page = 0; page < shared_pages; ++page) {
            const uint64_t word = page + 1;
            TRY(m_shared->write(page * abi::PAGE_SIZE, &word, sizeof(word), &my_ticket()));
        }
        return {};
    }
    Status enter(Client& client) override
    {
        if (client.own == nullptr) {
            client.own = kernel::make<Pager>(kernel::Tag::Workload, m_file_system, m_shared, client.index);
            if (client.own == nullptr)
                return Code::NO_MEMORY;
        }
        return pager(client).enter();
    }
    Status run_job(Client& client) override { return pager(client).run(client.random); }
    Status leave(Client& client) override
    {
        const Status left = pager(client).leave();
        if (!left.is_parked())
            kernel::destroy(&pager(client));
        return left;
    }
    bool verify(const Totals&) override
    {
        const bool clean = services::destroy_cache(m_shared, &my_ticket()).ok() && m_manager->pages_held().value() == 0;
        return services::destroy_page_manager(m_manager, services::root_page_manager()).ok() && clean;
    }

private:
    static Pager& pager(Client& client) { return *static_cast<Pager*>(client.own); }

    Ref<services::FileSystem> m_file_system;
    Ref<services::PageManager> m_manager;
    Ref<services::FileCache> m_shared;
};

constinit Paging paging;

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "workload.paging", [] {
        add(paging);
        return Status();
    }};

}

}
