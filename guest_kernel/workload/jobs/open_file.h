// What jobs do with a file while it is open.
#pragma once

#include "services/files/file_representative.h"
#include "workload/jobs/jobs.h"

namespace workload {

struct OpenJobFile {
    unsigned number;
    objects::Ref<services::FileRepresentative> file;
    objects::Ref<services::FileCache> cache;
};

using UseFile = Job (*)(JobClient& client, OpenJobFile open);

// Opens the client's file, calls use, and closes it whatever came of that.
Job with_open_file(JobClient& client, unsigned number, UseFile use);
// The same with a random file, which is made where there is none or its state is in doubt.
Job with_some_file(JobClient& client, UseFile use);

// As parts of a job that has it open.
Job write_some(JobClient& client, OpenJobFile open);
Job read_all(JobClient& client, OpenJobFile open);
Job read_and_sync(JobClient& client, OpenJobFile open);

}
