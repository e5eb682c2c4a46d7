// The cache of a file of the test's own, and threads that call it.
#pragma once

#include "services/memory/fcm_file.h"
#include "services/memory/tests/test_file.h"
#include "services/memory/tests/test_managers.h"

namespace services::tests {

// A file of so many pages, of which page n has n + 1 where program_sum_pages looks, and its cache.
class File {
public:
    explicit File(const Managers& managers, uint64_t pages)
    {
        disk.length = pages * abi::PAGE_SIZE;
        for (uint64_t page = 0; page < pages; ++page)
            disk.page(page)[2] = page + 1;
        objects::CountedScope scope;
        m_file = objects::create<TestFileRoot>(&disk).value();
        cache = make_file_cache(managers.leaf, m_file).value();
    }
    ~File()
    {
        if (cache) {
            AnsweringDisk answers(disk);
            kernel::TestThread closer({.name = "closer"}, [this] {
                kernel::OuterLoop loop;
                auto& ticket = kernel::current_thread()->ticket();
                while ((closed = destroy_cache(cache, &ticket)).is_parked())
                    loop.wait(ticket);
            });
        }
        objects::CountedScope scope;
        EXPECT(objects::destroy(m_file.reference()).ok());
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    TestDisk disk;
    objects::Ref<FileCache> cache;
    kernel::Status closed;

private:
    objects::Ref<FileRepresentative> m_file;
};

// A thread that makes one call, parked as often as it takes.
template <typename Call>
class Caller {
public:
    explicit Caller(Call call, const char* name = "caller")
        : m_call(call), m_thread({.name = name}, Body{*this})
    {
    }
    bool ended() const { return m_thread.ended(); }
    uint64_t parked() const { return __atomic_load_n(&m_parked, __ATOMIC_ACQUIRE); }
    kernel::Status outcome()
    {
        m_thread.join();
        return m_outcome;
    }

private:
    struct Body {
        Caller& self;
        void operator()() const
        {
            kernel::OuterLoop loop;
            auto& ticket = kernel::current_thread()->ticket();
            while ((self.m_outcome = self.m_call(&ticket)).is_parked()) {
                __atomic_add_fetch(&self.m_parked, 1, __ATOMIC_ACQ_REL);
                loop.wait(ticket);
            }
        }
    };

    Call m_call;
    kernel::Status m_outcome;
    uint64_t m_parked = 0;
    kernel::TestThread<Body> m_thread;
};

// Dirties whole pages that the cache has or makes.
inline void store(File& file, uint64_t first, uint64_t pages, uint64_t value)
{
    AnsweringDisk answers(file.disk);
    Caller writer([&](kernel::Ticket* ticket) -> kernel::Status {
        for (uint64_t page = first; page < first + pages; ++page)
            TRY(file.cache->write(page * abi::PAGE_SIZE + 16, &value, sizeof(value), ticket));
        return {};
    });
    EXPECT(writer.outcome().ok());
}

inline kernel::Status forced_sync(File& file)
{
    AnsweringDisk answers(file.disk);
    Caller syncer([&](kernel::Ticket* ticket) { return file.cache->sync(SyncKind::Forced, ticket); });
    return syncer.outcome();
}

}
