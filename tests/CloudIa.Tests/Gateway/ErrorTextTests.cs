using System.Reflection;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

public class ErrorTextTests
{
    public static TheoryData<string> Codes =>
        [.. typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Where(code => code.IsLiteral).Select(code => (string)code.GetRawConstantValue()!)];

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_has_a_status_and_a_text_in_both_languages(string code)
    {
        Assert.Contains(code, ErrorText.Codes);
        var text = ErrorText.Of(code);

        Assert.InRange(text.Status, 400, 599);
        Assert.EndsWith(".", text.English, StringComparison.Ordinal);
        Assert.EndsWith(".", text.Portuguese, StringComparison.Ordinal);
        Assert.NotEqual(text.English, text.Portuguese);
    }

    [Fact]
    public void No_code_has_two_names_and_no_text_has_no_code()
    {
        Assert.Equal(Codes.Count, Codes.Select(row => row.Data).Distinct().Count());
        Assert.Equal(Codes.Select(row => row.Data).Order(), ErrorText.Codes.Order());
        Assert.All(Codes, row => Assert.Matches("^[a-z]+(_[a-z]+)*$", row.Data));
    }

    [Theory]
    [InlineData(ErrorCode.ModelRefused, false)]
    [InlineData(ErrorCode.ModelBadCredentials, false)]
    [InlineData(ErrorCode.ConversationDeleted, false)]
    [InlineData(ErrorCode.ModelTimeout, true)]
    public void An_error_is_said_with_its_codes_text_and_whether_trying_again_can_help(string code, bool retryable)
    {
        var said = Assert.IsType<ErrorEvent>(ErrorText.Said(new ErrorEvent { Code = code, Retryable = !retryable, Final = true }, "pt"));
        Assert.Equal((ErrorText.Of(code).Portuguese, retryable), (said.Message, said.Retryable));
        Assert.IsType<Pong>(ErrorText.Said(new Pong(), "pt"));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("en-GB, pt;q=0.5", false)]
    [InlineData("de", false)]
    [InlineData("pt", true)]
    [InlineData(" pt-BR,pt;q=0.9,en;q=0.8", true)]
    [InlineData("PT-br", true)]
    public void The_language_asked_for_first_is_spoken(string? acceptLanguage, bool portuguese)
    {
        var text = ErrorText.Of(ErrorCode.NotFound);

        Assert.Equal(portuguese ? text.Portuguese : text.English, text.In(acceptLanguage));
    }

    [Fact]
    public void A_code_that_is_new_to_the_table_is_an_internal_error() =>
        Assert.Equal(ErrorText.Of(ErrorCode.Internal), ErrorText.Of("from_a_newer_worker"));
}
