#include "kernel/thread.h"
#include "workload/jobs/jobs.h"

namespace workload {

namespace {

constexpr uint64_t max_messages = 4;

services::Message stamped(uint64_t first, uint64_t second)
{
    return {first, second, first ^ second, first + second};
}

bool intact(const services::Message& message)
{
    const auto& words = message.words;
    return words[2] == (words[0] ^ words[1]) && words[3] == words[0] + words[1];
}

}

// It sends before it receives: there are always messages for those who wait for one.
Job exchange(JobClient& client)
{
    const auto board = client.services->board;
    auto* ticket = &kernel::current_thread()->ticket();
    for (uint64_t left = 1 + client.random.below(max_messages); left > 0; --left) {
        services::Message message = stamped(client.random.next(), client.index);
        co_await required("post a message", [&] { return board->send(&message, ticket); });
        ++client.tally.posted;
        client.tally.posted_sum += message.words[0];
        co_await required("take a message", [&] { return board->receive(&message, ticket); });
        ++client.tally.taken;
        client.tally.taken_sum += message.words[0];
        if (!intact(message))
            co_return Answer{"find a message as it was posted", Code::INVALID};
    }
    co_return right;
}

}
