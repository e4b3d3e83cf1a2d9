using CloudIa.Core.Intake;
using CloudIa.Core.Queue;

namespace CloudIa.Tests.Core;

public class JobMessageBodyTests
{
    private const int QueueLimit = 256 * 1024;

    [Theory]
    [InlineData("\u0001")]
    [InlineData("世")]
    [InlineData("😀")]
    [InlineData("\"")]
    public void The_longest_texts_that_may_be_configured_fit_the_queue_whatever_they_are(string character)
    {
        var job = Workshop.Job(message: Text(character, 32_000)) with { SystemPrompt = Text(character, 10_000), Model = new string('m', 100) };
        Assert.Empty(new IntakeOptions { MaxMessageCharacters = 32_000, MaxSystemPromptCharacters = 10_000 }.Errors());

        var body = JobMessageBody.Format(job);
        Assert.InRange(body.Length, 1, QueueLimit);
        Assert.All(body, letter => Assert.InRange(letter, 0x20, 0x7e));
        Assert.Equal(job, JobMessageBody.Parse(body));
    }

    private static string Text(string character, int length) => string.Concat(Enumerable.Repeat(character, length / character.Length));
}
