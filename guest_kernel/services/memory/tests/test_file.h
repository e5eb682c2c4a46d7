// A file whose disk answers when the test says so.
#pragma once

#include "kernel/clock.h"
#include "kernel/memory.h"
#include "kernel/spinlock.h"
#include "kernel/test_thread.h"
#include "objects/standard_class.h"
#include "services/files/file_representative.h"
#include "services/files/page_transfer.h"

namespace services::tests {

// What is on the disk, and what is on the way.
class TestDisk {
public:
    static constexpr unsigned pages = 16;

    TestDisk() : m_contents(static_cast<char*>(kernel::allocate(pages * abi::PAGE_SIZE, kernel::Tag::Test)))
    {
        memset(m_contents, 0, pages * abi::PAGE_SIZE);
    }
    ~TestDisk()
    {
        EXPECT(m_count == 0);
        kernel::deallocate(m_contents);
    }
    TestDisk(const TestDisk&) = delete;
    TestDisk& operator=(const TestDisk&) = delete;

    uint64_t* page(uint64_t index) { return reinterpret_cast<uint64_t*>(m_contents + index * abi::PAGE_SIZE); }
    unsigned waiting()
    {
        kernel::SpinGuard guard(m_lock);
        return m_count;
    }
    void submit(uint64_t page, PageTransfer& transfer, bool write)
    {
        transfer.begin();
        kernel::SpinGuard guard(m_lock);
        m_waiting[m_count++] = {page, &transfer, write};
    }
    // Ends the transfer that waits longest; false when none waits.
    bool answer(kernel::Status outcome = {})
    {
        Transfer first{};
        {
            kernel::SpinGuard guard(m_lock);
            if (m_count == 0)
                return false;
            first = m_waiting[0];
            for (unsigned i = 1; i < m_count; ++i)
                m_waiting[i - 1] = m_waiting[i];
            --m_count;
        }
        if (outcome.ok() && first.write) {
            memcpy(page(first.page), first.transfer->page(), abi::PAGE_SIZE);
            ++writes[first.page];
        } else if (outcome.ok()) {
            memcpy(first.transfer->page(), page(first.page), abi::PAGE_SIZE);
            ++reads;
        }
        first.transfer->end(outcome);
        return true;
    }

    uint64_t length = 0;
    // Set: start_write waits for it, inside.
    kernel::Event* writes_wait_for = nullptr;
    unsigned writes[pages] = {};
    unsigned reads = 0;
    unsigned metadata_syncs = 0;

private:
    struct Transfer {
        uint64_t page;
        PageTransfer* transfer;
        bool write;
    };

    char* m_contents;
    kernel::SpinLock m_lock;
    Transfer m_waiting[64];
    unsigned m_count = 0;
};

// Answers everything soon, in the time of its life.
class AnsweringDisk {
public:
    explicit AnsweringDisk(TestDisk& disk) : m_disk(disk), m_thread({.name = "disk"}, Body{*this}) {}
    ~AnsweringDisk() { __atomic_store_n(&m_stop, true, __ATOMIC_RELEASE); }

private:
    static constexpr uint64_t latency_ns = 20'000;

    struct Body {
        AnsweringDisk& self;
        void operator()() const
        {
            kernel::OuterLoop loop;
            while (!__atomic_load_n(&self.m_stop, __ATOMIC_ACQUIRE)) {
                while (self.m_disk.answer()) { }
                loop.sleep_until(kernel::now_ns() + latency_ns);
            }
        }
    };

    TestDisk& m_disk;
    bool m_stop = false;
    kernel::TestThread<Body> m_thread;
};

class TestFile final : public objects::Rep<FileRepresentative> {
public:
    static objects::ClassDescriptor descriptor;

    explicit TestFile(objects::Root& root, TestDisk* disk = nullptr) : Rep(root), m_disk(disk) {}

    kernel::Status start_read(uint64_t page, PageTransfer* transfer, kernel::Ticket*) override
    {
        m_disk->submit(page, *transfer, false);
        return {};
    }
    kernel::Status start_write(uint64_t page, PageTransfer* transfer, kernel::Ticket*) override
    {
        if (m_disk->writes_wait_for != nullptr)
            m_disk->writes_wait_for->wait();
        m_disk->submit(page, *transfer, true);
        return {};
    }
    kernel::Result<uint64_t> length() override { return m_disk->length; }
    kernel::Status set_length(uint64_t bytes, kernel::Ticket*) override
    {
        m_disk->length = bytes;
        return {};
    }
    kernel::Status sync_metadata(kernel::Ticket*) override
    {
        ++m_disk->metadata_syncs;
        return {};
    }
    kernel::Result<objects::LocalEntry*> file_cache() override { return kernel::Code::UNSUPPORTED; }
    kernel::Result<uint64_t> inode() override { return uint64_t{1}; }

private:
    TestDisk* m_disk;
};

class TestFileRoot final : public objects::SharedRoot<TestFile> {
public:
    using InterfaceType = FileRepresentative;
    using SharedRoot::SharedRoot;
};

}
