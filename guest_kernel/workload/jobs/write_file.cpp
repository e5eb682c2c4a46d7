#include "kernel/heap.h"
#include "kernel/thread.h"
#include "workload/jobs/open_file.h"

namespace workload {

namespace {

constexpr uint64_t max_chunks_written = 9;
// Of so many writes one is followed by a forced sync.
constexpr uint64_t writes_a_sync = 4;

// Memory for chunks, for as long as a job needs it.
class ChunkBuffer {
public:
    explicit ChunkBuffer(uint64_t chunks)
        : m_words(static_cast<uint64_t*>(kernel::allocate(chunks * chunk_size, kernel::Tag::Workload)))
    {
    }
    ~ChunkBuffer() { kernel::deallocate(m_words); }
    ChunkBuffer(const ChunkBuffer&) = delete;
    ChunkBuffer& operator=(const ChunkBuffer&) = delete;

    // Null without memory.
    uint64_t* words() const { return m_words; }
    uint64_t* chunk(uint64_t number) const { return m_words + number * chunk_words; }

private:
    uint64_t* m_words;
};

}

Job write_some(JobClient& client, OpenJobFile open)
{
    auto& file = client.files[open.number];
    auto* ticket = &kernel::current_thread()->ticket();
    const uint64_t first = client.random.below(max_chunks);
    const uint64_t most = max_chunks - first < max_chunks_written ? max_chunks - first : max_chunks_written;
    const uint64_t count = 1 + client.random.below(most);
    const ChunkBuffer buffer(count);
    if (buffer.words() == nullptr)
        co_return Answer{"get a buffer", Code::NO_MEMORY};
    for (uint64_t i = 0; i < count; ++i) {
        file.content[first + i] = {client.random.next(), client.random.next() | 1};
        fill_chunk(buffer.chunk(i), file.content[first + i]);
    }
    const uint64_t offset = first * chunk_size;
    const uint64_t bytes = count * chunk_size;
    co_await required("write", [&] { return open.cache->write(offset, buffer.words(), bytes, ticket); });
    file.chunks = first + count > file.chunks ? first + count : file.chunks;
    if (client.random.below(writes_a_sync) == 0) {
        co_await required("sync a file", [&] { return open.cache->sync(services::SyncKind::Forced, ticket); });
        ++client.tally.forced_syncs;
    }
    const uint64_t length = co_await required("ask for the length", [&] { return open.file->length(); });
    co_return length == file.bytes() ? right : Answer{"find the length that was written", Code::INVALID};
}

Job read_all(JobClient& client, OpenJobFile open)
{
    const auto& file = client.files[open.number];
    auto* ticket = &kernel::current_thread()->ticket();
    const ChunkBuffer buffer(max_chunks);
    if (buffer.words() == nullptr)
        co_return Answer{"get a buffer", Code::NO_MEMORY};
    const uint64_t length = co_await required("ask for the length", [&] { return open.file->length(); });
    if (length != file.bytes())
        co_return Answer{"find the length that was written", Code::INVALID};
    co_await required("read", [&] { return open.cache->read(0, buffer.words(), file.bytes(), ticket); });
    for (uint64_t i = 0; i < file.chunks; ++i) {
        if (!holds_chunk(buffer.chunk(i), file.content[i]))
            co_return Answer{"read what was written", Code::INVALID};
    }
    co_return right;
}

Job read_and_sync(JobClient& client, OpenJobFile open)
{
    const Answer answer = co_await part(read_all(client, open));
    if (!answer.is_right())
        co_return answer;
    auto* ticket = &kernel::current_thread()->ticket();
    co_await required("sync a file", [&] { return open.cache->sync(services::SyncKind::Forced, ticket); });
    ++client.tally.forced_syncs;
    co_return right;
}

Job write_file(JobClient& client)
{
    return with_some_file(client, write_some);
}

Job read_file(JobClient& client)
{
    return with_some_file(client, read_all);
}

}
