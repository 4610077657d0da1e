// Who the gateway says is asking: dotnet add package Microsoft.AspNetCore.Authentication.JwtBearer
builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
{
    options.Authority = builder.Configuration["Postern:Issuer"]; // https://play.example.com/auth
    options.Audience = builder.Configuration["Postern:Audience"]; // the name of this upstream
    (options.MapInboundClaims, options.AutomaticRefreshInterval) = (false, TimeSpan.FromMinutes(10));
    options.TokenValidationParameters.ValidAlgorithms = ["ES256"];
    options.TokenValidationParameters.ClockSkew = TimeSpan.FromSeconds(10);
    (options.TokenValidationParameters.NameClaimType, options.TokenValidationParameters.RoleClaimType) = ("sub", "roles");
    options.Events = new JwtBearerEvents
    {
        OnMessageReceived = context =>
        {
            context.Token = context.Request.Headers["Postern-Assertion"];
            if (string.IsNullOrEmpty(context.Token)) context.NoResult();
            return Task.CompletedTask;
        },
        OnTokenValidated = context =>
        {
            var made = ((JsonWebToken)context.SecurityToken).IssuedAt;
            if (context.Principal?.FindFirst("sub") is null || made > DateTime.UtcNow.AddSeconds(10)) context.Fail("not a player");
            return Task.CompletedTask;
        },
    };
});
