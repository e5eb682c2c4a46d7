#include "kernel/thread.h"
#include "services/message/port.h"
#include "workload/job_thread.h"
#include "workload/jobs/jobs.h"
#include "workload/owned_object.h"

namespace workload {

namespace {

using services::Message;
using services::Port;

constexpr uint64_t max_questions = 6;
constexpr uint64_t capacity = 2;

uint64_t answer_to(uint64_t question) { return question * 0x9E37'79B9'7F4A'7C15 + 1; }

// Runs in a thread of its own. It ends when it has answered so many questions, or when the ports are gone.
Job answer_questions(objects::Ref<Port> questions, objects::Ref<Port> answers, uint64_t count)
{
    auto* ticket = &kernel::current_thread()->ticket();
    for (; count > 0; --count) {
        Message message;
        co_await required("receive a question", [&] { return questions->receive(&message, ticket); });
        message.words[1] = answer_to(message.words[0]);
        co_await required("send an answer", [&] { return answers->send(&message, ticket); });
    }
    co_return right;
}

}

Job talk(JobClient& client)
{
    const auto make = [] { return objects::create_default<Port>({.capacity = capacity}); };
    const OwnedObject<Port> questions(co_await required("make a port", make));
    const OwnedObject<Port> answers(co_await required("make a port", make));
    const uint64_t count = 1 + client.random.below(max_questions);
    co_await required("start a thread", [&] {
        return start_thread("answerer", answer_questions(questions.get(), answers.get(), count));
    });
    auto* ticket = &kernel::current_thread()->ticket();
    for (uint64_t i = 0; i < count; ++i) {
        Message message{client.random.next()};
        const uint64_t question = message.words[0];
        co_await required("send a question", [&] { return questions.get()->send(&message, ticket); });
        co_await required("receive an answer", [&] { return answers.get()->receive(&message, ticket); });
        if (message.words[0] != question || message.words[1] != answer_to(question))
            co_return Answer{"compare an answer", Code::INVALID};
    }
    const uint64_t sent = co_await required("count", [&] { return questions.get()->sent(); });
    const uint64_t received = co_await required("count", [&] { return answers.get()->received(); });
    co_return sent == count && received == count ? right : Answer{"count messages", Code::INVALID};
}

}
