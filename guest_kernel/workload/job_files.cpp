#include "workload/job_files.h"

#include "kernel/format.h"
#include "workload/random.h"

namespace workload {

namespace {

constexpr uint64_t step = 0x9E37'79B9'7F4A'7C15;

uint64_t word_of(const Chunk& chunk, uint64_t index)
{
    switch (index) {
    case 0: return chunk.label;
    case 1: return chunk.stamp;
    default: return chunk.stamp == 0 ? 0 : chunk.stamp + index * step;
    }
}

uint64_t mixed(uint64_t value) { return Random(value).next(); }

}

void Kept::add(unsigned client, unsigned number, const JobFile& file)
{
    ++files;
    bytes += file.bytes();
    for (uint64_t i = 0; i < file.chunks; ++i) {
        const uint64_t place = (uint64_t{client} * files_of_client + number) * max_chunks + i;
        digest += mixed(mixed(mixed(place) ^ file.content[i].label) ^ file.content[i].stamp);
    }
}

JobPath directory_path(unsigned client)
{
    JobPath path;
    kernel::format(path.text, sizeof path.text, "/client%u", client);
    return path;
}

JobPath file_path(unsigned client, unsigned number)
{
    JobPath path;
    kernel::format(path.text, sizeof path.text, "/client%u/file%u", client, number);
    return path;
}

void fill_chunk(uint64_t* words, const Chunk& chunk)
{
    for (uint64_t i = 0; i < chunk_words; ++i)
        words[i] = word_of(chunk, i);
}

bool holds_chunk(const uint64_t* words, const Chunk& chunk)
{
    for (uint64_t i = 0; i < chunk_words; ++i) {
        if (words[i] != word_of(chunk, i))
            return false;
    }
    return true;
}

}
