// A caller of the file system, as tests are one.
#pragma once

#include "kernel/heap.h"
#include "kernel/test.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/names.h"
#include "services/files/file_representative.h"
#include "services/files/file_system.h"
#include "services/files/page_transfer.h"

namespace services::tests {

inline objects::Ref<FileSystem> files() { return objects::Ref<FileSystem>(objects::find_name("file-system")); }

// Calls again, as often as it was parked, waiting outside every object.
template <typename Call>
auto finish(Call call) -> decltype(call(static_cast<kernel::Ticket*>(nullptr)))
{
    auto& ticket = kernel::current_thread()->ticket();
    for (;;) {
        auto result = [&] {
            objects::CountedScope scope;
            return call(&ticket);
        }();
        if (!result.is_parked())
            return result;
        ticket.wait();
    }
}

inline kernel::Status create(const char* path)
{
    return finish([path](auto* ticket) { return files()->create_file(path, ticket); });
}
inline kernel::Status make_directory(const char* path)
{
    return finish([path](auto* ticket) { return files()->make_directory(path, ticket); });
}
inline kernel::Status remove(const char* path)
{
    return finish([path](auto* ticket) { return files()->remove(path, ticket); });
}
inline kernel::Result<objects::LocalEntry*> open(const char* path)
{
    return finish([path](auto* ticket) { return files()->open(path, ticket); });
}
inline kernel::Status close(objects::LocalEntry* file)
{
    return finish([file](auto* ticket) { return files()->close(file, ticket); });
}
inline kernel::Status sync()
{
    return finish([](auto* ticket) { return files()->sync(ticket); });
}
inline FileStatistics statistics()
{
    objects::CountedScope scope;
    FileStatistics figures;
    EXPECT(files()->statistics(&figures).ok());
    return figures;
}

// A page of memory and its way to and from a file.
class TestPage {
public:
    static constexpr uint64_t words = abi::PAGE_SIZE / sizeof(uint64_t);

    TestPage() : m_transfer(kernel::allocate(abi::PAGE_SIZE, kernel::Tag::Test)) { EXPECT(m_transfer.page() != nullptr); }
    ~TestPage() { kernel::deallocate(m_transfer.page()); }
    TestPage(const TestPage&) = delete;
    TestPage& operator=(const TestPage&) = delete;

    void fill(uint64_t seed)
    {
        for (uint64_t i = 0; i < words; ++i)
            word()[i] = seed * 0x9E37'79B9'7F4A'7C15 + i;
    }
    bool holds(uint64_t seed)
    {
        for (uint64_t i = 0; i < words; ++i) {
            if (word()[i] != seed * 0x9E37'79B9'7F4A'7C15 + i)
                return false;
        }
        return true;
    }
    bool is_clear()
    {
        uint64_t any = 0;
        for (uint64_t i = 0; i < words; ++i)
            any |= word()[i];
        return any == 0;
    }
    kernel::Status read(objects::LocalEntry* file, uint64_t page)
    {
        TRY(finish([&](auto* ticket) { return fr(file)->start_read(page, &m_transfer, ticket); }));
        return finish([&](auto* ticket) { return ended(*ticket); });
    }
    kernel::Status write(objects::LocalEntry* file, uint64_t page)
    {
        TRY(finish([&](auto* ticket) { return fr(file)->start_write(page, &m_transfer, ticket); }));
        return finish([&](auto* ticket) { return ended(*ticket); });
    }
    PageTransfer& transfer() { return m_transfer; }

private:
    static objects::Ref<FileRepresentative> fr(objects::LocalEntry* file) { return objects::Ref<FileRepresentative>(file); }
    uint64_t* word() { return static_cast<uint64_t*>(m_transfer.page()); }
    kernel::Status ended(kernel::Ticket& ticket)
    {
        if (ticket.state() == kernel::TicketState::Ready)
            ticket.take();
        return m_transfer.wait(ticket);
    }

    PageTransfer m_transfer;
};

inline kernel::Status set_length(objects::LocalEntry* file, uint64_t bytes)
{
    return finish(
        [&](auto* ticket) { return objects::Ref<FileRepresentative>(file)->set_length(bytes, ticket); });
}
inline kernel::Status sync(objects::LocalEntry* file)
{
    return finish([&](auto* ticket) { return objects::Ref<FileRepresentative>(file)->sync_metadata(ticket); });
}
inline uint64_t length(objects::LocalEntry* file)
{
    objects::CountedScope scope;
    return objects::Ref<FileRepresentative>(file)->length().value();
}

}
