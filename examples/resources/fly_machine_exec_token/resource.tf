# A job runs the migrations, and a report with any arguments.
resource "fly_machine_exec_token" "jobs" {
  app = "web"

  commands = [
    { args = ["bin/rails", "db:migrate"] },
    { args = ["bin/report"], exact = false },
  ]
}
