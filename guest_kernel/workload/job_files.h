// The files of one client, and what it knows to be in them.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace workload {

// A file is a row of chunks. The words of a chunk are a label, which programs that map the file change, its stamp, and what
// follows from the stamp: so the host can tell a chunk that is whole from one that is not. A chunk that was never written
// is zero. The layout is in emulator/workload/job_files.py too, which reads it back from the disk.
inline constexpr uint64_t chunk_size = 1024;
inline constexpr uint64_t chunk_words = chunk_size / sizeof(uint64_t);
inline constexpr uint64_t max_chunks = 24;
inline constexpr unsigned files_of_client = 4;

struct Chunk {
    uint64_t label = 0;
    // 0 where nothing was written.
    uint64_t stamp = 0;
};

struct JobFile {
    bool exists = false;
    // A job that was refused memory has left it in a state that nobody knows.
    bool doubtful = false;
    // Its length.
    uint64_t chunks = 0;
    Chunk content[max_chunks];

    uint64_t bytes() const { return chunks * chunk_size; }
};

// What all files together hold, as the host adds it up from the disk.
struct Kept {
    uint64_t files = 0;
    uint64_t bytes = 0;
    // Of (client, file, chunk, label, stamp) of each chunk.
    uint64_t digest = 0;

    void add(unsigned client, unsigned number, const JobFile& file);
};

struct JobPath {
    char text[24];
};
JobPath directory_path(unsigned client);
JobPath file_path(unsigned client, unsigned number);

void fill_chunk(uint64_t* words, const Chunk& chunk);
bool holds_chunk(const uint64_t* words, const Chunk& chunk);

}
